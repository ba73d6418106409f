package dev.gatun.lm;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DataType;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.Stream;
import dev.gatun.cudnn.Rnn;

/**
 * A model's way from word ids to logits for segments of one shape, and the recurrent network's state that is carried from a segment
 * to the next. T steps, N rows, M = T·N tokens; V words, E values an embedding, H hidden size, P output size (H without a projection),
 * L layers. Embeddings, logits and what dropout reads and writes are float32, what lies between them is of the precision's data type.
 */
final class ForwardPass implements AutoCloseable {
    private final Resources resources = new Resources();
    private final Stream stream;
    private final Blas blas;
    private final MixedPrecision mixed;
    private final int tokens;
    private final int vocabulary;
    private final int output;

    final Rnn rnn;
    final DeviceBuffer x; // [T][N][E] embedded words
    final DeviceBuffer y; // [T][N][P] hidden states of the last layer
    final DeviceBuffer top; // [M][P] what is projected: y, or in training with dropout what that leaves of it
    final DeviceBuffer hx; // [L][N][P] hidden state before the segment
    final DeviceBuffer cx; // [L][N][H] cell state before the segment; null of a GRU
    final DeviceBuffer hy; // [L][N][P] hidden state after the segment
    final DeviceBuffer cy; // [L][N][H] cell state after the segment; null of a GRU
    final DeviceBuffer logits; // [M][V] without the bias, which the kernels that read logits add
    private final DeviceBuffer rnnWeights;
    private final DeviceBuffer linearWeight; // [V][P]
    private final KernelCall gather;
    private final LowPrecisionCopy embedded; // float [T][N][E]; x is its copy
    private final Runnable dropEmbedded;
    private final LowPrecisionCopy recurred; // float [M][P] that dropout reads; y is its copy
    private final LowPrecisionCopy dropped; // float [M][P] that dropout leaves; top is its copy
    private final Runnable dropRecurred;

    /** Prepares for inference in FP32, whatever the model was trained in. */
    ForwardPass(LanguageModel model, DeviceBuffer ids, int steps, int batch) {
        this(model, new MixedPrecision(model, Precision.FP32), ids, steps, batch);
    }

    private ForwardPass(LanguageModel model, MixedPrecision mixed, DeviceBuffer ids, int steps, int batch) {
        this(model, mixed, new Dropout(model, mixed, 0, 0), ids, steps, batch, false);
    }

    /** Prepares for segments of {@code ids}, int32 [T][N]; {@code training} where a backward pass follows. */
    ForwardPass(LanguageModel model, MixedPrecision mixed, Dropout dropout, DeviceBuffer ids, int steps, int batch, boolean training) {
        this.mixed = mixed;
        ModelConfig config = model.config();
        stream = model.stream();
        blas = model.blas();
        tokens = steps * batch;
        vocabulary = config.vocabulary();
        output = config.outputSize();
        long hidden = (long) config.layers() * batch * output;
        long cell = (long) config.layers() * batch * config.hidden();
        try {
            rnn = resources.own(Rnn.create(model.dnn(), dropout.rnn(), steps, batch, training));
            long inputs = (long) tokens * config.embed();
            DeviceBuffer words = floats(inputs);
            embedded = mixed.copyOf(words, inputs, null, null);
            dropEmbedded = dropout.at(Dropout.Site.EMBEDDING, words, words);
            x = embedded.buffer();
            long outputs = (long) tokens * output;
            if (dropout.drops()) {
                DeviceBuffer wide = floats(outputs);
                DeviceBuffer left = floats(outputs);
                recurred = mixed.copyOf(wide, outputs, null, null);
                dropped = mixed.copyOf(left, outputs, null, null);
                dropRecurred = dropout.at(Dropout.Site.OUTPUT, left, wide);
                y = recurred.buffer();
                top = dropped.buffer();
            } else {
                y = tensor(outputs);
                top = y;
                recurred = MixedPrecision.same(y);
                dropped = recurred;
                dropRecurred = Dropout.NOTHING;
            }
            hx = tensor(hidden);
            cx = model.rnn().hasCell() ? tensor(cell) : null;
            hy = tensor(hidden);
            cy = model.rnn().hasCell() ? tensor(cell) : null;
            logits = floats((long) tokens * vocabulary);
            rnnWeights = mixed.weights().rnn();
            linearWeight = mixed.weights().linearWeight();
            gather = model.kernels().embeddingGather(words, model.parameters().embedWeight(), ids, tokens, config.embed(), vocabulary);
            resetState();
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    private DeviceBuffer floats(long count) {
        return resources.own(DeviceBuffer.allocateFloats(count));
    }

    private DeviceBuffer tensor(long count) {
        return resources.own(DeviceBuffer.allocate(count * mixed.precision().data().byteSize()));
    }

    /** Enqueues x [T][N][E] = embed.weight [V][E] at ids [T][N], with dropout. */
    void embed() {
        gather.launch(stream);
        dropEmbedded.run();
        embedded.cast(stream);
    }

    /** Enqueues y [T][N][P], hy [L][N][P] and cy [L][N][H] = the layers' of x [T][N][E], hx [L][N][P] and cx [L][N][H]. */
    void recur() {
        rnn.forward(x, y, hx, cx, hy, cy, rnnWeights);
    }

    /** Enqueues top [M][P] = y [M][P] with dropout, rounded once; without dropout they are the same memory. */
    void dropOutput() {
        recurred.widen(stream);
        dropRecurred.run();
        dropped.cast(stream);
    }

    /** Enqueues logits [M][V] = top [M][P] · linear.weight [V][P]ᵀ. */
    void project() {
        Precision precision = mixed.precision();
        blas.gemmEx(precision.data(), DataType.FLOAT, precision.compute(), true, false, vocabulary, tokens, output, 1, linearWeight, output,
                top, output, 0, logits, vocabulary);
    }

    /** Enqueues hx, cx = hy, cy: the state after this segment is the one before the next. */
    void carryState() {
        hx.copyFromAsync(hy, stream);
        if (cx != null) {
            cx.copyFromAsync(cy, stream);
        }
    }

    /** Enqueues hx, cx = 0: what follows is the beginning of a text. */
    void resetState() {
        hx.zeroAsync(stream);
        if (cx != null) {
            cx.zeroAsync(stream);
        }
    }

    @Override
    public void close() {
        resources.close();
    }
}
