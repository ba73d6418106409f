package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.KernelModule;
import dev.gatun.lm.kernels.LmPtx;

/**
 * Launches of the kernels in {@code kernels.cu}, with their parameters in order and a grid that suits them. All data is
 * row-major float32, ids are int32; {@code kernels.cu} says what each computes.
 */
final class Kernels implements AutoCloseable {
    private static final int WARP = 32;
    private static final int BLOCK = 256;

    /** For a kernel that runs as one block, or one a row of few: as many threads as a block may have. */
    private static final int WIDE_BLOCK = 1024;

    /** For a kernel that strides over any number of values: enough blocks to fill a large GPU. */
    private static final int MAX_GRID = 1024;

    private final KernelModule module;

    /** Has the driver compile the kernels. */
    Kernels() {
        module = KernelModule.load(LmPtx.text());
    }

    /** {@code out [tokens][dim] = table [vocab][dim] at ids [tokens]}. */
    KernelCall embeddingGather(DeviceBuffer out, DeviceBuffer table, DeviceBuffer ids, int tokens, int dim, int vocab) {
        return module.kernel("embedding_gather").call(tokens, rowBlock(dim), out, table, ids, tokens, dim, vocab);
    }

    /** {@code grad [vocab][dim]}, zero before, {@code = dout [tokens][dim]} summed by {@code ids [tokens]}; or {@code adds} that. */
    KernelCall embeddingGradient(boolean adds, DeviceBuffer grad, DeviceBuffer dout, DeviceBuffer ids, int tokens, int dim, int vocab) {
        return module.kernel(adds ? "embedding_gradient_add" : "embedding_gradient").call(tokens, rowBlock(dim), grad, dout, ids, tokens,
                dim, vocab);
    }

    /** {@code loss [rows]} of {@code logits [rows][vocab] + bias [vocab]}, and {@code scale} times its gradient over the logits. */
    KernelCall crossEntropyGradient(DeviceBuffer logits, DeviceBuffer loss, DeviceBuffer bias, DeviceBuffer targets, int rows,
            int vocab, float scale) {
        return module.kernel("cross_entropy_gradient").call(rows, BLOCK, logits, loss, bias, targets, vocab, scale);
    }

    /** {@code loss [rows]} of {@code logits [rows][vocab] + bias [vocab]}; 0 for a target outside the vocabulary. */
    KernelCall crossEntropyLoss(DeviceBuffer logits, DeviceBuffer loss, DeviceBuffer bias, DeviceBuffer targets, int rows, int vocab) {
        return module.kernel("cross_entropy_loss").call(rows, BLOCK, logits, loss, bias, targets, vocab);
    }

    /** {@code db [cols] = dy [rows][cols]} summed over its rows. */
    KernelCall biasGradient(DeviceBuffer db, DeviceBuffer dy, int rows, int cols) {
        return module.kernel("bias_gradient").call(Math.ceilDiv(cols, WARP), BLOCK, db, dy, rows, cols);
    }

    /** {@code out [1] =} the mean of {@code values [n]}. */
    KernelCall mean(DeviceBuffer out, DeviceBuffer values, int n) {
        return module.kernel("mean").call(1, BLOCK, out, values, n);
    }

    /** Returns how many partial sums {@link #sumOfSquares} writes. */
    static int partials(long n) {
        return (int) Math.min(MAX_GRID, Math.ceilDiv(n, 4L * BLOCK));
    }

    /** {@code partials} add up to the sum of the squares of {@code g [n]}. */
    KernelCall sumOfSquares(DeviceBuffer partials, DeviceBuffer g, long n) {
        return module.kernel("sum_of_squares").call(partials(n), BLOCK, partials, g, n);
    }

    /** Advances an {@link dev.gatun.lm.kernels.AdamState} by a step whose gradient has the norm of {@code partials [parts]}. */
    KernelCall adamPrepare(DeviceBuffer state, DeviceBuffer partials, int parts, float maxNorm) {
        return module.kernel("adam_prepare").call(1, BLOCK, state, partials, parts, maxNorm);
    }

    /** Updates parameters {@code p [n]} and moments {@code m [n]}, {@code v [n]} with the gradient {@code g [n]}. */
    KernelCall adamUpdate(DeviceBuffer p, DeviceBuffer m, DeviceBuffer v, DeviceBuffer g, DeviceBuffer state, long n) {
        return module.kernel("adam_update").call(partials(n), BLOCK, p, m, v, g, state, n);
    }

    /** Advances an {@link dev.gatun.lm.kernels.SgdState} by a step whose gradient has the norm of {@code partials [parts]}. */
    KernelCall sgdPrepare(DeviceBuffer state, DeviceBuffer partials, int parts, float maxNorm) {
        return module.kernel("sgd_prepare").call(1, BLOCK, state, partials, parts, maxNorm);
    }

    /** Updates parameters {@code p [n]} and, unless it is {@code null}, their {@code average [n]} with the gradient {@code g [n]}. */
    KernelCall sgdUpdate(DeviceBuffer p, DeviceBuffer average, DeviceBuffer g, DeviceBuffer state, long n) {
        return module.kernel("sgd_update").call(partials(n), BLOCK, p, average, g, state, n);
    }

    /** {@code out [n] = x [n]} in 16 bits, half or bfloat16; times {@code scale [1]} before, if that is not null. */
    KernelCall cast(boolean half, DeviceBuffer out, DeviceBuffer x, DeviceBuffer scale, long n) {
        return module.kernel(half ? "cast_half" : "cast_bfloat16").call(partials(n), BLOCK, out, x, scale, n);
    }

    /** {@code out [n] = x [n]} of 16 bits, half or bfloat16; times {@code scale [1]}, if that is not null. */
    KernelCall widen(boolean half, DeviceBuffer out, DeviceBuffer x, DeviceBuffer scale, long n) {
        return module.kernel(half ? "widen_half" : "widen_bfloat16").call(partials(n), BLOCK, out, x, scale, n);
    }

    /** Decides by {@code partials [parts]} whether the step is skipped, {@code skip [1]}, and the loss scale of the next one. */
    KernelCall updateLossScale(DeviceBuffer loss, DeviceBuffer skip, DeviceBuffer partials, int parts, int interval) {
        return module.kernel("update_loss_scale").call(1, BLOCK, loss, skip, partials, parts, interval);
    }

    /**
     * Draws {@code ids [rows]}, and a row of {@code history}, from softmax((logits + bias) / temperature) of the words whose logit
     * and bias are at least {@code floors [rows]}; the {@link dev.gatun.lm.kernels.SamplingState} says how.
     *
     * @param floors null to leave no word out
     */
    KernelCall sample(DeviceBuffer ids, DeviceBuffer history, DeviceBuffer state, DeviceBuffer logits, DeviceBuffer bias,
            DeviceBuffer floors, int rows, int vocab) {
        return module.kernel("sample").call(rows, WIDE_BLOCK, ids, history, state, logits, bias, floors, rows, vocab);
    }

    /** {@code floors [rows]} = the least logit and bias that top-k and top-p of the state leave in. */
    KernelCall samplingFloor(DeviceBuffer floors, DeviceBuffer state, DeviceBuffer logits, DeviceBuffer bias, int rows, int vocab) {
        return module.kernel("sampling_floor").call(rows, WIDE_BLOCK, floors, state, logits, bias, rows, vocab);
    }

    /** {@code counter [1] += 1}. */
    KernelCall advance(DeviceBuffer counter) {
        return module.kernel("advance").call(1, WARP, counter);
    }

    /**
     * {@code out [n]} = {@code in [n]}, which it may be, with a share {@code probability} of zeros, the others scaled up to keep the
     * mean; which ones is a function of the seed, the counter and the site.
     */
    KernelCall dropout(DeviceBuffer out, DeviceBuffer in, DeviceBuffer counter, long n, float probability, long seed, int site) {
        int threshold = (int) (long) (probability * 0x1p32);
        return module.kernel("dropout").call(partials(n), BLOCK, out, in, counter, n, threshold, 1 / (1 - probability), seed, site);
    }

    /** A thread for four values, which is one load. */
    private static int rowBlock(int dim) {
        return Math.clamp((long) Math.ceilDiv(dim, 4 * WARP) * WARP, WARP, BLOCK);
    }

    @Override
    public void close() {
        module.close();
    }
}
