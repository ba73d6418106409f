package dev.gatun.lm.kernels;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Twins of sample and advance. */
final class SamplingTwins {
    private SamplingTwins() {}

    /**
     * Draws ids[rows] from softmax((logits[rows][vocab] + bias[vocab]) / temperature), and writes them to row counter[0] of
     * history[][rows] where that is not null. A task a row.
     */
    static void sample(KernelLaunch launch) {
        int rows = launch.intAt(5);
        int vocab = launch.intAt(6);
        float temperature = launch.floatAt(7);
        long seed = launch.longAt(8);
        long counter = launch.memoryAt(2, Long.BYTES).get(ValueLayout.JAVA_LONG, 0);
        MemorySegment ids = launch.memoryAt(0, (long) rows * Integer.BYTES);
        MemorySegment history = launch.isNull(1) ? null : launch.memoryAt(1, (counter + 1) * rows * Integer.BYTES);
        MemorySegment logits = launch.memoryAt(3, (long) rows * vocab * Float.BYTES);
        MemorySegment bias = launch.memoryAt(4, (long) vocab * Float.BYTES);
        launch.parallel(rows, row -> {
            int random = Philox.firstWord((int) counter, (int) (counter >>> 32), row, 0, seed);
            int id = draw(logits, bias, (long) row * vocab, vocab, temperature, (random >>> 8) * 0x1p-24);
            ids.setAtIndex(ValueLayout.JAVA_INT, row, id);
            if (history != null) {
                history.setAtIndex(ValueLayout.JAVA_INT, counter * rows + row, id);
            }
        });
    }

    private static int draw(MemorySegment logits, MemorySegment bias, long first, int vocab, float temperature, double u) {
        float max = CrossEntropyTwins.max(logits, bias, first, vocab);
        float[] weights = Tiles.ofThread().a;
        double total = 0;
        for (int i = 0; i < vocab; i += Tiles.SIZE) {
            int n = weights(logits, bias, first, i, vocab, max, temperature);
            for (int k = 0; k < n; k++) {
                total += weights[k];
            }
        }
        double threshold = u * total;
        double cumulative = 0;
        int last = 0;
        for (int i = 0; i < vocab; i += Tiles.SIZE) {
            int n = weights(logits, bias, first, i, vocab, max, temperature);
            for (int k = 0; k < n; k++) {
                cumulative += weights[k];
                if (cumulative > threshold) {
                    return i + k;
                }
                last = weights[k] > 0 ? i + k : last;
            }
        }
        return last;
    }

    /** Fills tile {@code a} with exp((x - max) / temperature) from index {@code i} of a row on, and returns how many they are. */
    private static int weights(MemorySegment logits, MemorySegment bias, long first, int i, int vocab, float max, float temperature) {
        Tiles tiles = Tiles.ofThread();
        int n = Tiles.length(i, vocab);
        Tiles.load(logits, first + i, tiles.a, n);
        Tiles.load(bias, i, tiles.b, n);
        for (int k = 0; k < n; k++) {
            tiles.a[k] = (tiles.a[k] + tiles.b[k] - max) / temperature;
        }
        Exp.ofNonPositive(tiles.a, n);
        return n;
    }

    /** counter[0] += 1. */
    static void advance(KernelLaunch launch) {
        MemorySegment counter = launch.memoryAt(0, Long.BYTES);
        counter.set(ValueLayout.JAVA_LONG, 0, counter.get(ValueLayout.JAVA_LONG, 0) + 1);
    }
}
