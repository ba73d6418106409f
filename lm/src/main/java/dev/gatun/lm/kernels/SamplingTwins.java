package dev.gatun.lm.kernels;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Twins of sample and advance. */
final class SamplingTwins {
    /**
     * A little more than the logarithm of 2. With n leading zeros in the bits, w is at least 2^-(n+1) and E above w, so that the
     * Gumbel variate -log(E) is below (n + 1) log 2; the excess outweighs what rounding to float adds to the variate.
     */
    private static final float ABOVE_LOG_2 = 0.6932f;

    private SamplingTwins() {}

    /**
     * Draws ids[rows] from softmax(x / temperature), x = logits[rows][vocab] + bias[vocab], and writes them to row counter % capacity
     * of history[capacity][rows] where that is not null; words with x below floors[row] are left out where that is not null. A task a
     * row. Differs from the kernel where two words' values are as close as the rounding of a logarithm.
     */
    static void sample(KernelLaunch launch) {
        launch.parallel(launch.intAt(6), SamplingTwins::sampleTask);
    }

    private static void sampleTask(KernelLaunch launch, int row) {
        int rows = launch.intAt(6);
        int vocab = launch.intAt(7);
        MemorySegment state = launch.memoryAt(2, SamplingState.BYTES);
        long counter = state.get(ValueLayout.JAVA_LONG, SamplingState.COUNTER);
        long seed = state.get(ValueLayout.JAVA_LONG, SamplingState.SEED);
        float temperature = state.get(ValueLayout.JAVA_FLOAT, SamplingState.TEMPERATURE);
        int capacity = state.get(ValueLayout.JAVA_INT, SamplingState.CAPACITY);
        MemorySegment ids = launch.memoryAt(0, (long) rows * Integer.BYTES);
        MemorySegment history = launch.isNull(1) ? null : launch.memoryAt(1, (long) capacity * rows * Integer.BYTES);
        MemorySegment logits = launch.memoryAt(3, (long) rows * vocab * Float.BYTES);
        MemorySegment bias = launch.memoryAt(4, (long) vocab * Float.BYTES);
        MemorySegment floors = launch.isNull(5) ? null : launch.memoryAt(5, (long) rows * Float.BYTES);
        float floor = floors == null ? Float.NEGATIVE_INFINITY : floors.getAtIndex(ValueLayout.JAVA_FLOAT, row);
        int id = draw(logits, bias, row, vocab, temperature, floor, counter, seed);
        ids.setAtIndex(ValueLayout.JAVA_INT, row, id);
        if (history != null) {
            history.setAtIndex(ValueLayout.JAVA_INT, counter % capacity * rows + row, id);
        }
    }

    private static int draw(MemorySegment logits, MemorySegment bias, int row, int vocab, float temperature, float floor, long counter,
            long seed) {
        Tiles tiles = Tiles.ofThread();
        float[] x = tiles.a;
        float[] bounds = tiles.b;
        int[] bits = tiles.bits;
        float best = Float.NEGATIVE_INFINITY;
        int id = -1;
        for (int i = 0; i < vocab; i += Tiles.SIZE) {
            int n = Tiles.length(i, vocab);
            Tiles.load(logits, (long) row * vocab + i, x, n);
            Tiles.load(bias, i, bounds, n);
            addAbove(x, bounds, floor, n);
            if (temperature != 0) {
                for (int k = 0; k < n; k += Philox.WORDS) {
                    Philox.words((int) counter, (int) (counter >>> 32), row, (i + k) / Philox.WORDS, seed, bits, k);
                }
            }
            bound(bounds, x, bits, temperature, n);
            // Logarithms cost most, so they are taken of the few words only that can still win.
            for (int k = 0; k < n; k++) {
                if (bounds[k] >= best) {
                    float score = temperature == 0 ? x[k] : x[k] + temperature * gumbel(bits[k]);
                    if (score > best || id < 0) {
                        best = score;
                        id = i + k;
                    }
                }
            }
        }
        return Math.max(id, 0);
    }

    /** x += bias, and minus infinity where that is below the floor. */
    private static void addAbove(float[] x, float[] bias, float floor, int n) {
        for (int k = 0; k < n; k++) {
            float sum = x[k] + bias[k];
            x[k] = sum < floor ? Float.NEGATIVE_INFINITY : sum;
        }
    }

    private static void bound(float[] bounds, float[] x, int[] bits, float temperature, int n) {
        for (int k = 0; k < n; k++) {
            bounds[k] = x[k] + temperature * (ABOVE_LOG_2 * (Integer.numberOfLeadingZeros(bits[k]) + 1));
        }
    }

    /** Returns the kernel's Gumbel variate for 32 random bits. */
    private static float gumbel(int bits) {
        double e = bits >= 0 ? -Math.log1p((bits + 0.5) * -0x1p-32) : -Math.log((~bits + 0.5) * 0x1p-32);
        return (float) -Math.log(e);
    }

    /** counter[0] += 1. */
    static void advance(KernelLaunch launch) {
        MemorySegment counter = launch.memoryAt(0, Long.BYTES);
        counter.set(ValueLayout.JAVA_LONG, 0, counter.get(ValueLayout.JAVA_LONG, 0) + 1);
    }
}
