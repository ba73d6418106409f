package dev.gatun.lm;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.Stream;
import dev.gatun.cudnn.Rnn;

/**
 * A model's way from word ids to logits for segments of one shape, and the LSTM's state that is carried from a segment to the
 * next. T steps, N rows, M = T·N tokens; V words, E values an embedding, H hidden size, L layers.
 */
final class ForwardPass implements AutoCloseable {
    private final Resources resources = new Resources();
    private final Stream stream;
    private final Blas blas;
    private final ParameterBlock parameters;
    private final int tokens;
    private final int vocabulary;
    private final int hidden;

    final Rnn rnn;
    final DeviceBuffer x; // [T][N][E] embedded words
    final DeviceBuffer y; // [T][N][H] hidden states of the last layer
    final DeviceBuffer hx; // [L][N][H] hidden state before the segment
    final DeviceBuffer cx; // [L][N][H] cell state before the segment
    final DeviceBuffer hy; // [L][N][H] hidden state after the segment
    final DeviceBuffer cy; // [L][N][H] cell state after the segment
    final DeviceBuffer logits; // [M][V] without the bias, which the kernels that read logits add
    private final DeviceBuffer lstm;
    private final DeviceBuffer linearWeight; // [V][H]
    private final KernelCall gather;

    /** Prepares for segments of {@code ids}, int32 [T][N]; {@code training} where a backward pass follows. */
    ForwardPass(LanguageModel model, DeviceBuffer ids, int steps, int batch, boolean training) {
        ModelConfig config = model.config();
        stream = model.stream();
        blas = model.blas();
        parameters = model.parameters();
        tokens = steps * batch;
        vocabulary = config.vocabulary();
        hidden = config.hidden();
        long state = (long) config.layers() * batch * hidden;
        try {
            rnn = resources.own(Rnn.create(model.dnn(), model.rnn(), steps, batch, training));
            x = floats((long) tokens * config.embed());
            y = floats((long) tokens * hidden);
            hx = floats(state);
            cx = floats(state);
            hy = floats(state);
            cy = floats(state);
            logits = floats((long) tokens * vocabulary);
            lstm = parameters.lstm();
            linearWeight = parameters.linearWeight();
            gather = model.kernels().embeddingGather(x, parameters.embedWeight(), ids, tokens, config.embed(), vocabulary);
            resetState();
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    private DeviceBuffer floats(long count) {
        return resources.own(DeviceBuffer.allocateFloats(count));
    }

    /** Enqueues x [T][N][E] = embed.weight [V][E] at ids [T][N]. */
    void embed() {
        gather.launch(stream);
    }

    /** Enqueues y [T][N][H], hy and cy [L][N][H] = LSTM of x [T][N][E], hx and cx [L][N][H]. */
    void lstm() {
        rnn.forward(x, y, hx, cx, hy, cy, lstm);
    }

    /** Enqueues logits [M][V] = y [M][H] · linear.weight [V][H]ᵀ. */
    void project() {
        blas.sgemm(true, false, vocabulary, tokens, hidden, 1, linearWeight, hidden, y, hidden, 0, logits, vocabulary);
    }

    /** Enqueues hx, cx = hy, cy: the state after this segment is the one before the next. */
    void carryState() {
        hx.copyFromAsync(hy, stream);
        cx.copyFromAsync(cy, stream);
    }

    /** Enqueues hx, cx = 0: what follows is the beginning of a text. */
    void resetState() {
        hx.zeroAsync(stream);
        cx.zeroAsync(stream);
    }

    @Override
    public void close() {
        resources.close();
    }
}
