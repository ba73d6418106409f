package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;

/**
 * While it is open, a model holds the average of its parameters, to be evaluated, sampled from or saved; closing it puts the
 * parameters themselves back, so that training goes on. {@link Trainer#averaged} makes it.
 */
public final class AveragedWeights implements AutoCloseable {
    private final Stream stream;
    private final DeviceBuffer parameters;
    private DeviceBuffer kept; // null once closed, or if there is no average

    AveragedWeights(LanguageModel model, ParameterBlock average) {
        stream = model.stream();
        parameters = model.parameters().all();
        if (average != null) {
            kept = DeviceBuffer.allocate(parameters.byteSize());
            kept.copyFromAsync(parameters, stream);
            parameters.copyFromAsync(average.all(), stream);
        }
    }

    /** Returns whether the model holds an average now. */
    boolean inModel() {
        return kept != null;
    }

    /** Puts the parameters back; further calls do nothing. */
    @Override
    public void close() {
        if (kept != null) {
            parameters.copyFromAsync(kept, stream);
            stream.synchronize();
            kept.close();
            kept = null;
        }
    }
}
