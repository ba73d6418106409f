package dev.gatun.lm.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A thread's scratch arrays, small enough together for the L1 cache. Kernels copy off-heap memory in, loop over the arrays, and
 * copy out: C2 vectorises a loop over several arrays, but not one over several memory segments, which costs more than the copies.
 */
final class Tiles {
    /** Elements of each array. */
    static final int SIZE = 1024;

    private static final ThreadLocal<Tiles> OF_THREAD = ThreadLocal.withInitial(Tiles::new);

    final float[] a = new float[SIZE];
    final float[] b = new float[SIZE];
    final float[] c = new float[SIZE];
    final float[] d = new float[SIZE];
    final double[] sums = new double[SIZE];
    final int[] bits = new int[SIZE];
    final long[] bins = new long[256];

    private Tiles() {}

    static Tiles ofThread() {
        return OF_THREAD.get();
    }

    /** Returns how many elements the tile that begins at {@code first} of {@code end} has. */
    static int length(long first, long end) {
        return (int) Math.min(SIZE, end - first);
    }

    /** Copies {@code n} floats from float {@code first} of off-heap memory on. */
    static void load(MemorySegment from, long first, float[] to, int n) {
        MemorySegment.copy(from, ValueLayout.JAVA_FLOAT, first * Float.BYTES, to, 0, n);
    }

    /** Copies {@code n} floats to float {@code first} of off-heap memory on. */
    static void store(float[] from, MemorySegment to, long first, int n) {
        MemorySegment.copy(from, 0, to, ValueLayout.JAVA_FLOAT, first * Float.BYTES, n);
    }

    /** Adds up {@code sums} in a fixed order, four chains at a time because each addition waits for the one before. */
    double total() {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        for (int i = 0; i < SIZE; i += 4) {
            s0 += sums[i];
            s1 += sums[i + 1];
            s2 += sums[i + 2];
            s3 += sums[i + 3];
        }
        return (s0 + s1) + (s2 + s3);
    }
}
