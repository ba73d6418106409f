package dev.gatun.host.compute;

import java.util.function.IntConsumer;

/**
 * Dropout between layers. Whether an element is dropped is a hash of (seed, offset, layer, its number)
 * alone, so that it depends on no thread or order. The hash is SplitMix64's output function (Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", 2014) over a Weyl sequence. The mask is kept, one bit an element, for the
 * backward pass.
 */
final class DropoutMask {
    private static final int TILE = 1024;
    private static final long GAMMA = 0x9E3779B97F4A7C15L;
    private static final ThreadLocal<float[]> TILES = ThreadLocal.withInitial(() -> new float[TILE]);

    private final IntConsumer applyTask = this::applyTask;
    private final IntConsumer reapplyTask = this::reapplyTask;

    private long count;
    private long from;
    private long to;
    private long mask;
    private float scale;
    private long threshold;
    private long key;

    /** Returns the bytes of a mask of {@code count} elements. */
    static long bytes(long count) {
        return (count + TILE - 1) / TILE * (TILE / Byte.SIZE);
    }

    /**
     * Hands a layer's outputs to the next: with dropout, if any, and its mask written for {@link #passBack}.
     *
     * @param dropout null for none
     */
    void pass(Lstm.Dropout dropout, int layer, long count, long outputs, long nextInputs, long mask) {
        if (drops(dropout)) {
            apply(dropout, layer, count, outputs, nextInputs, mask);
        } else {
            Memory.copyFloats(outputs, nextInputs, count);
        }
    }

    /** Turns the gradient of the next layer's inputs into that of the outputs that were handed to it, in place. */
    void passBack(Lstm.Dropout dropout, long count, long gradients, long mask) {
        if (drops(dropout)) {
            reapply(dropout, count, gradients, mask);
        }
    }

    private static boolean drops(Lstm.Dropout dropout) {
        return dropout != null && dropout.probability() > 0;
    }

    /** Writes to {@code mask} which elements are kept, and to {@code to} those of {@code from} that are, scaled by 1 / (1 - p). */
    void apply(Lstm.Dropout dropout, int layer, long count, long from, long to, long mask) {
        // Element kept: a 32-bit random number is at least p 2^32.
        threshold = (long) (dropout.probability() * 0x1p32);
        key = mix(mix(mix(dropout.seed()) + dropout.offset()) + layer);
        run(dropout, count, from, to, mask, applyTask);
    }

    /** Sets the elements at {@code values} that {@code mask} drops to 0, and scales the others as the forward pass did. */
    void reapply(Lstm.Dropout dropout, long count, long values, long mask) {
        run(dropout, count, values, values, mask, reapplyTask);
    }

    private void run(Lstm.Dropout dropout, long count, long from, long to, long mask, IntConsumer task) {
        // With everything dropped there is nothing to scale.
        scale = dropout.probability() < 1 ? 1 / (1 - dropout.probability()) : 0;
        this.count = count;
        this.from = from;
        this.to = to;
        this.mask = mask;
        WorkerPool.shared().parallel(Math.toIntExact((count + TILE - 1) / TILE), task);
    }

    private void applyTask(int task) {
        long maskAt = mask + (long) task * (TILE / Byte.SIZE);
        for (int word = 0; word < TILE / Integer.SIZE; word++) {
            int bits = 0;
            for (int k = 0; k < Integer.SIZE; k += 2) {
                long random = mix(key + ((long) task * TILE + word * Integer.SIZE + k + 1) * GAMMA);
                bits |= keep(random >>> 32) << k | keep(random & 0xFFFFFFFFL) << k + 1;
            }
            Memory.putInt(maskAt + 4L * word, bits);
        }
        reapplyTask(task);
    }

    private void reapplyTask(int task) {
        float[] tile = TILES.get();
        long first = (long) task * TILE;
        int elements = (int) Math.min(TILE, count - first);
        Memory.load(from + first * Memory.F, tile, elements);
        for (int k = 0; k < elements; k++) {
            int word = Memory.getInt(mask + (first + k) / Integer.SIZE * 4);
            tile[k] = (word >>> k & 1) != 0 ? tile[k] * scale : 0;
        }
        Memory.store(tile, elements, to + first * Memory.F);
    }

    private int keep(long random) {
        return random >= threshold ? 1 : 0;
    }

    private static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
