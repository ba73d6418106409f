package dev.gatun.lm.kernels;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Twins of bias_gradient, mean and sum_of_squares; all add in double. */
final class SumTwins {
    private static final int COLUMNS_A_TASK = 512;

    private SumTwins() {}

    /** db[cols] = the sum of dy[rows][cols] over its rows. */
    static void biasGradient(KernelLaunch launch) {
        launch.parallel(Math.ceilDiv(launch.intAt(3), COLUMNS_A_TASK), SumTwins::biasGradientTask);
    }

    private static void biasGradientTask(KernelLaunch launch, int task) {
        int rows = launch.intAt(2);
        int cols = launch.intAt(3);
        MemorySegment db = launch.memoryAt(0, (long) cols * Float.BYTES);
        MemorySegment dy = launch.memoryAt(1, (long) rows * cols * Float.BYTES);
        int column = task * COLUMNS_A_TASK;
        int columns = Math.min(COLUMNS_A_TASK, cols - column);
        Tiles tiles = Tiles.ofThread();
        Arrays.fill(tiles.sums, 0, columns, 0);
        for (int row = 0; row < rows; row++) {
            Tiles.load(dy, (long) row * cols + column, tiles.a, columns);
            add(tiles.sums, tiles.a, columns);
        }
        narrow(tiles.a, tiles.sums, columns);
        Tiles.store(tiles.a, db, column, columns);
    }

    private static void add(double[] sums, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            sums[i] += x[i];
        }
    }

    private static void narrow(float[] x, double[] sums, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = (float) sums[i];
        }
    }

    /** out[1] = the mean of values[n]. */
    static void mean(KernelLaunch launch) {
        int n = launch.intAt(2);
        MemorySegment out = launch.memoryAt(0, Float.BYTES);
        MemorySegment values = launch.memoryAt(1, (long) n * Float.BYTES);
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        }
        out.set(ValueLayout.JAVA_FLOAT, 0, (float) (sum / n));
    }

    /** partials[gridX] = the sums of squares of as many equal ranges of g[n]. */
    static void sumOfSquares(KernelLaunch launch) {
        launch.parallel(launch.gridX(), SumTwins::sumOfSquaresTask);
    }

    private static void sumOfSquaresTask(KernelLaunch launch, int part) {
        int parts = launch.gridX();
        long n = launch.longAt(2);
        MemorySegment partials = launch.memoryAt(0, (long) parts * Float.BYTES);
        MemorySegment g = launch.memoryAt(1, n * Float.BYTES);
        long range = Math.ceilDiv(n, (long) parts);
        long end = Math.min(n, (part + 1) * range);
        Tiles tiles = Tiles.ofThread();
        Arrays.fill(tiles.sums, 0);
        for (long i = part * range; i < end; i += Tiles.SIZE) {
            int length = Tiles.length(i, end);
            Tiles.load(g, i, tiles.a, length);
            addSquares(tiles.sums, tiles.a, length);
        }
        partials.setAtIndex(ValueLayout.JAVA_FLOAT, part, (float) tiles.total());
    }

    private static void addSquares(double[] sums, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            double value = x[i];
            sums[i] += value * value;
        }
    }
}
