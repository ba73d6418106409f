package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.Stream;
import dev.gatun.cudnn.DropoutDescriptor;
import dev.gatun.cudnn.RnnDescriptor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Dropout of a training step where Zaremba, Sutskever and Vinyals (2014) have it: on the embedded words and on the top layer's
 * outputs by a kernel, in float32, between the layers by cuDNN, and never from one step of the LSTM to the next.
 *
 * <p>The kernel's masks are functions of the seed, a counter on the device, which {@link #advance} moves on after each step, and
 * the site; the backward pass makes them again. With a probability of 0 nothing is launched.
 */
final class Dropout implements AutoCloseable {
    /** Where the kernel drops values; the number tells the masks apart. */
    enum Site { EMBEDDING, OUTPUT }

    /** Launches nothing. */
    static final Runnable NOTHING = () -> {};

    private final Resources resources = new Resources();
    private final Stream stream;
    private final Kernels kernels;
    private final float probability;
    private final long seed;
    private final RnnDescriptor rnn;
    private final Map<String, DeviceBuffer> state = new LinkedHashMap<>();
    private final DeviceBuffer counter; // int64 [1]; null without dropout
    private final Runnable advance;

    Dropout(LanguageModel model, MixedPrecision mixed, float probability, long seed) {
        this.probability = probability;
        this.seed = seed;
        stream = model.stream();
        kernels = model.kernels();
        try {
            if (drops()) {
                counter = resources.own(DeviceBuffer.allocate(Long.BYTES));
                counter.zeroAsync(stream);
                state.put("dropout.counter", counter);
                advance = launchOf(kernels.advance(counter));
            } else {
                counter = null;
                advance = NOTHING;
            }
            if (drops() && model.config().layers() > 1) {
                DropoutDescriptor descriptor = resources.own(DropoutDescriptor.create(model.dnn(), probability, seed));
                state.put("dropout.cudnn", descriptor.states());
                rnn = resources.own(model.describeRnn(mixed.precision(), descriptor));
            } else {
                rnn = mixed.rnn();
            }
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /** Returns whether anything is dropped. */
    boolean drops() {
        return probability > 0;
    }

    /** Returns the model's layers in the precision, with dropout between them. */
    RnnDescriptor rnn() {
        return rnn;
    }

    /**
     * Prepares {@code out} = {@code in}, float of one length and maybe the same, with the site's values dropped; of gradients as
     * of values.
     */
    Runnable at(Site site, DeviceBuffer out, DeviceBuffer in) {
        return drops()
                ? launchOf(kernels.dropout(out, in, counter, in.byteSize() / Float.BYTES, probability, seed, site.ordinal())) : NOTHING;
    }

    private Runnable launchOf(KernelCall call) {
        return () -> call.launch(stream);
    }

    /** Enqueues the end of a step: the next one has other masks. */
    void advance() {
        advance.run();
    }

    /** Returns what the masks to come depend on beside the seed, by name, for a checkpoint. */
    Map<String, DeviceBuffer> state() {
        return state;
    }

    @Override
    public void close() {
        resources.close();
    }
}
