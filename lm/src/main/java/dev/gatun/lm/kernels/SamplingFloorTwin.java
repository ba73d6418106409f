package dev.gatun.lm.kernels;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Twin of sampling_floor; x below is logits[rows][vocab] + bias[vocab]. */
final class SamplingFloorTwin {
    private static final double UNIT = 0x1p40;

    private SamplingFloorTwin() {}

    /** floors[rows] = the x that a word must reach to be among the topK, and then within topP; a task a row. */
    static void run(KernelLaunch launch) {
        launch.parallel(launch.intAt(4), SamplingFloorTwin::runTask);
    }

    private static void runTask(KernelLaunch launch, int row) {
        int rows = launch.intAt(4);
        int vocab = launch.intAt(5);
        MemorySegment floors = launch.memoryAt(0, (long) rows * Float.BYTES);
        MemorySegment state = launch.memoryAt(1, SamplingState.BYTES);
        float temperature = state.get(ValueLayout.JAVA_FLOAT, SamplingState.TEMPERATURE);
        float topP = state.get(ValueLayout.JAVA_FLOAT, SamplingState.TOP_P);
        int topK = state.get(ValueLayout.JAVA_INT, SamplingState.TOP_K);
        MemorySegment logits = launch.memoryAt(2, (long) rows * vocab * Float.BYTES);
        MemorySegment bias = launch.memoryAt(3, (long) vocab * Float.BYTES);
        long first = (long) row * vocab;
        float floor = Float.NEGATIVE_INFINITY;
        if (topK > 0 && topK < vocab) {
            floor = threshold(logits, bias, first, vocab, topK, null);
        }
        if (topP < 1) {
            Weights weights = new Weights(CrossEntropyTwins.max(logits, bias, first, vocab), temperature, floor);
            long total = weights.total(logits, bias, first, vocab);
            if (total > 0) {
                long target = Math.clamp((long) Math.ceil(topP * (double) total), 1, total);
                floor = threshold(logits, bias, first, vocab, target, weights);
            }
        }
        floors.setAtIndex(ValueLayout.JAVA_FLOAT, row, floor);
    }

    /** What a word weighs: exp((x - max) / temperature) in units of 2^-40, or nothing below the floor. */
    private record Weights(float max, float temperature, float floor) {
        long of(float x) {
            return x >= floor ? (long) (Exp.ofNonPositive((x - max) / temperature) * UNIT) : 0;
        }

        /** Leaves in tile {@code c}, bit for bit, what {@link #of} needs of the exponential of {@code n} words in tile {@code a}. */
        void exponentials(Tiles tiles, int n) {
            for (int k = 0; k < n; k++) {
                tiles.c[k] = tiles.a[k] >= floor ? (tiles.a[k] - max) / temperature : Float.NEGATIVE_INFINITY;
            }
            Exp.ofNonPositive(tiles.c, n);
        }

        long total(MemorySegment logits, MemorySegment bias, long first, int vocab) {
            Tiles tiles = Tiles.ofThread();
            long total = 0;
            for (int i = 0; i < vocab; i += Tiles.SIZE) {
                int n = load(tiles, logits, bias, first, i, vocab);
                exponentials(tiles, n);
                for (int k = 0; k < n; k++) {
                    total += (long) (tiles.c[k] * UNIT);
                }
            }
            return total;
        }
    }

    /**
     * Returns the largest x such that the words from it on weigh at least {@code target}, found a digit of eight bits at a time.
     *
     * @param weights null where each word weighs 1
     */
    private static float threshold(MemorySegment logits, MemorySegment bias, long first, int vocab, long target, Weights weights) {
        Tiles tiles = Tiles.ofThread();
        long[] bins = tiles.bins;
        int prefix = 0;
        for (int shift = 24; shift >= 0; shift -= 8) {
            Arrays.fill(bins, 0);
            int higher = shift == 24 ? 0 : -1 << shift + 8;
            for (int i = 0; i < vocab; i += Tiles.SIZE) {
                int n = load(tiles, logits, bias, first, i, vocab);
                boolean all = higher == 0 && weights != null;
                if (all) {
                    weights.exponentials(tiles, n);
                }
                for (int k = 0; k < n; k++) {
                    int key = orderedKey(tiles.a[k]);
                    if (((key ^ prefix) & higher) == 0) {
                        bins[key >>> shift & 0xff] += weights == null ? 1 : all ? (long) (tiles.c[k] * UNIT) : weights.of(tiles.a[k]);
                    }
                }
            }
            int bin = bins.length - 1;
            for (; bins[bin] < target; bin--) {
                target -= bins[bin];
            }
            prefix |= bin << shift;
        }
        return Float.intBitsToFloat(prefix ^ (prefix < 0 ? Integer.MIN_VALUE : -1));
    }

    /** Fills tile {@code a} with the x of a row from index {@code i} on, and returns how many they are. */
    private static int load(Tiles tiles, MemorySegment logits, MemorySegment bias, long first, int i, int vocab) {
        int n = Tiles.length(i, vocab);
        Tiles.load(logits, first + i, tiles.a, n);
        Tiles.load(bias, i, tiles.b, n);
        for (int k = 0; k < n; k++) {
            tiles.a[k] += tiles.b[k];
        }
        return n;
    }

    /** An integer that orders, unsigned, as the float does, with NaN below all. */
    private static int orderedKey(float x) {
        int bits = Float.floatToRawIntBits(x + 0f);
        return x != x ? 0 : bits ^ (bits < 0 ? -1 : Integer.MIN_VALUE);
    }
}
