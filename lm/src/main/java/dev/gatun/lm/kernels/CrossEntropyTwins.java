package dev.gatun.lm.kernels;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Twins of cross_entropy_gradient and cross_entropy_loss; x below is logits[rows][vocab] + bias[vocab], a task a row. */
final class CrossEntropyTwins {
    private CrossEntropyTwins() {}

    /** loss[rows] = -log softmax(x)[target]; logits = (softmax(x) - onehot(target)) * scale; both 0 for a target outside [0, vocab). */
    static void gradient(KernelLaunch launch) {
        launch.parallel(launch.gridX(), CrossEntropyTwins::gradientTask);
    }

    private static void gradientTask(KernelLaunch launch, int row) {
        int rows = launch.gridX();
        int vocab = launch.intAt(4);
        float scale = launch.floatAt(5);
        MemorySegment logits = launch.memoryAt(0, (long) rows * vocab * Float.BYTES);
        MemorySegment loss = launch.memoryAt(1, (long) rows * Float.BYTES);
        MemorySegment bias = launch.memoryAt(2, (long) vocab * Float.BYTES);
        MemorySegment targets = launch.memoryAt(3, (long) rows * Integer.BYTES);
        int target = targets.getAtIndex(ValueLayout.JAVA_INT, row);
        long first = (long) row * vocab;
        if (target < 0 || target >= vocab) {
            logits.asSlice(first * Float.BYTES, (long) vocab * Float.BYTES).fill((byte) 0);
            loss.setAtIndex(ValueLayout.JAVA_FLOAT, row, 0);
            return;
        }
        float targetLogit = targetLogit(logits, bias, first, target);
        float max = max(logits, bias, first, vocab);
        double sum = sumOfExp(logits, bias, first, vocab, max, true);
        scale(logits, first, vocab, (float) (1 / sum), scale);
        long hit = first + target;
        float probability = (float) (Math.exp(targetLogit - max) / sum);
        logits.setAtIndex(ValueLayout.JAVA_FLOAT, hit, (probability - 1) * scale);
        loss.setAtIndex(ValueLayout.JAVA_FLOAT, row, (float) Math.log(sum) + (max - targetLogit));
    }

    /** The loss of {@link #gradient}, bit for bit; the logits are only read. */
    static void loss(KernelLaunch launch) {
        launch.parallel(launch.gridX(), CrossEntropyTwins::lossTask);
    }

    private static void lossTask(KernelLaunch launch, int row) {
        int rows = launch.gridX();
        int vocab = launch.intAt(4);
        MemorySegment logits = launch.memoryAt(0, (long) rows * vocab * Float.BYTES);
        MemorySegment loss = launch.memoryAt(1, (long) rows * Float.BYTES);
        MemorySegment bias = launch.memoryAt(2, (long) vocab * Float.BYTES);
        MemorySegment targets = launch.memoryAt(3, (long) rows * Integer.BYTES);
        int target = targets.getAtIndex(ValueLayout.JAVA_INT, row);
        if (target < 0 || target >= vocab) {
            loss.setAtIndex(ValueLayout.JAVA_FLOAT, row, 0);
            return;
        }
        long first = (long) row * vocab;
        float max = max(logits, bias, first, vocab);
        double sum = sumOfExp(logits, bias, first, vocab, max, false);
        loss.setAtIndex(ValueLayout.JAVA_FLOAT, row, (float) Math.log(sum) + (max - targetLogit(logits, bias, first, target)));
    }

    private static float targetLogit(MemorySegment logits, MemorySegment bias, long first, int target) {
        return logits.getAtIndex(ValueLayout.JAVA_FLOAT, first + target) + bias.getAtIndex(ValueLayout.JAVA_FLOAT, target);
    }

    /** Returns the largest x of the row that begins at float {@code first}. */
    static float max(MemorySegment logits, MemorySegment bias, long first, int vocab) {
        Tiles tiles = Tiles.ofThread();
        float[] maxima = tiles.c;
        Arrays.fill(maxima, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < vocab; i += Tiles.SIZE) {
            int n = Tiles.length(i, vocab);
            Tiles.load(logits, first + i, tiles.a, n);
            Tiles.load(bias, i, tiles.b, n);
            raise(maxima, tiles.a, tiles.b, n);
        }
        float max = maxima[0];
        for (int i = 1; i < Tiles.SIZE; i++) {
            max = Math.max(max, maxima[i]);
        }
        return max;
    }

    private static void raise(float[] maxima, float[] logits, float[] bias, int n) {
        for (int i = 0; i < n; i++) {
            maxima[i] = Math.max(maxima[i], logits[i] + bias[i]);
        }
    }

    /** Returns the sum of exp(x - max) over a row; {@code store} keeps the terms in place of the logits. */
    private static double sumOfExp(MemorySegment logits, MemorySegment bias, long first, int vocab, float max, boolean store) {
        Tiles tiles = Tiles.ofThread();
        Arrays.fill(tiles.sums, 0);
        for (int i = 0; i < vocab; i += Tiles.SIZE) {
            int n = Tiles.length(i, vocab);
            Tiles.load(logits, first + i, tiles.a, n);
            Tiles.load(bias, i, tiles.b, n);
            shift(tiles.a, tiles.b, max, n);
            Exp.ofNonPositive(tiles.a, n);
            accumulate(tiles.sums, tiles.a, n);
            if (store) {
                Tiles.store(tiles.a, logits, first + i, n);
            }
        }
        return tiles.total();
    }

    private static void shift(float[] x, float[] bias, float max, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = x[i] + bias[i] - max;
        }
    }

    private static void accumulate(double[] sums, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            sums[i] += x[i];
        }
    }

    private static void scale(MemorySegment terms, long first, int vocab, float inverse, float scale) {
        float[] tile = Tiles.ofThread().a;
        for (int i = 0; i < vocab; i += Tiles.SIZE) {
            int n = Tiles.length(i, vocab);
            Tiles.load(terms, first + i, tile, n);
            scale(tile, inverse, scale, n);
            Tiles.store(tile, terms, first + i, n);
        }
    }

    private static void scale(float[] x, float inverse, float scale, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = x[i] * inverse * scale;
        }
    }
}
