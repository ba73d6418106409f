package dev.gatun.tests.ptx;

import static dev.gatun.tests.ptx.KernelChecks.ROUNDING;

import java.lang.foreign.MemorySegment;

/** bias_gradient, mean and sum_of_squares. */
final class SumChecks {
    private static final int[][] ROWS_COLS = {{1, 1}, {7, 33}, {70, 65}, {33, 128}, {200, 31}};

    private SumChecks() {}

    /** A column's sum takes rows / warps + warps additions, each off by half an ulp of the sum of magnitudes at most. */
    static void biasGradient(KernelBench bench) {
        int warps = bench.threads / 32;
        for (int[] size : ROWS_COLS) {
            int rows = size[0];
            int cols = size[1];
            MemorySegment dy = bench.normal(rows * cols, 1);
            for (int blocks : new int[] {1, 2, Math.ceilDiv(cols, 32)}) {
                KernelBench.Result result = bench.run("bias_gradient", blocks, KernelBench.out(cols), dy, rows, cols);
                for (int column = 0; column < cols; column++) {
                    double sum = 0;
                    double magnitude = 0;
                    for (int row = 0; row < rows; row++) {
                        sum += KernelBench.at(dy, (long) row * cols + column);
                        magnitude += Math.abs(KernelBench.at(dy, (long) row * cols + column));
                    }
                    result.assertBothClose(0, column, sum, (Math.ceilDiv(rows, warps) + warps) * magnitude * ROUNDING);
                }
            }
        }
    }

    /** Sums in double lose nothing that shows; the result is rounded once. */
    static void mean(KernelBench bench) {
        for (int n : new int[] {1, 33, 600, 3001}) {
            mean(bench, bench.normal(n, 1), n);
        }
        for (int thread = 1; thread < bench.threads; thread *= 2) {
            mean(bench, KernelBench.single(bench.threads, thread), bench.threads);
        }
    }

    private static void mean(KernelBench bench, MemorySegment values, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += KernelBench.at(values, i);
        }
        bench.run("mean", 1, KernelBench.out(1), values, n).assertBothClose(0, 0, sum / n, Math.abs(sum / n) * ROUNDING + 1e-12);
    }

    /** A square, two additions of squares and the partial sum's rounding: four half ulps, relative, for all terms are positive. */
    static void sumOfSquares(KernelBench bench) {
        for (int n : new int[] {0, 1, 2, 3, 5, 127, 4099, 20_001}) {
            for (int blocks : new int[] {1, 3, 8}) {
                sumOfSquares(bench, bench.normal(n, 0), n, blocks);
                sumOfSquares(bench, bench.normal(n, 1), n, blocks);
            }
        }
        for (int thread = 1; thread < bench.threads; thread *= 2) {
            sumOfSquares(bench, KernelBench.single(4 * bench.threads, 4 * thread), 4 * bench.threads, 1);
        }
    }

    private static void sumOfSquares(KernelBench bench, MemorySegment g, int n, int blocks) {
        double expected = 0;
        for (int i = 0; i < n; i++) {
            expected += (double) KernelBench.at(g, i) * KernelBench.at(g, i);
        }
        KernelBench.Result result = bench.run("sum_of_squares", blocks, KernelBench.out(blocks), g, (long) n);
        double sum = 0;
        double twin = 0;
        for (int i = 0; i < blocks; i++) {
            sum += result.floatAt(0, i);
            twin += result.twinFloatAt(0, i);
        }
        assertSum(expected, sum);
        assertSum(expected, twin);
    }

    private static void assertSum(double expected, double found) {
        if (!(Math.abs(expected - found) <= 4 * expected * ROUNDING)) {
            throw new AssertionError("the partial sums add up to " + found + ", expected " + expected);
        }
    }
}
