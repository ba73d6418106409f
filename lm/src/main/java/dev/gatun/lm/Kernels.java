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

    /** {@code grad [vocab][dim]}, zero before, {@code = dout [tokens][dim]} summed by {@code ids [tokens]}. */
    KernelCall embeddingGradient(DeviceBuffer grad, DeviceBuffer dout, DeviceBuffer ids, int tokens, int dim, int vocab) {
        return module.kernel("embedding_gradient").call(tokens, rowBlock(dim), grad, dout, ids, tokens, dim, vocab);
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

    /** Draws {@code ids [rows]}, and row {@code counter} of {@code history}, from softmax((logits + bias) / temperature). */
    KernelCall sample(DeviceBuffer ids, DeviceBuffer history, DeviceBuffer counter, DeviceBuffer logits, DeviceBuffer bias, int rows,
            int vocab, float temperature, long seed) {
        return module.kernel("sample").call(rows, WIDE_BLOCK, ids, history, counter, logits, bias, rows, vocab, temperature, seed);
    }

    /** {@code counter [1] += 1}. */
    KernelCall advance(DeviceBuffer counter) {
        return module.kernel("advance").call(1, WARP, counter);
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
