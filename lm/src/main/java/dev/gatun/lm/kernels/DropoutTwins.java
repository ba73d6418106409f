package dev.gatun.lm.kernels;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Twin of dropout. */
final class DropoutTwins {
    private static final int WORDS = 4;

    private DropoutTwins() {}

    /** out[n] = in[n] * scale where a random number, taken as unsigned, is at least the threshold, else 0. */
    static void dropout(KernelLaunch launch) {
        launch.parallel(Math.toIntExact(Math.ceilDiv(launch.longAt(3), (long) Tiles.SIZE)), DropoutTwins::dropoutTask);
    }

    private static void dropoutTask(KernelLaunch launch, int task) {
        long n = launch.longAt(3);
        int threshold = launch.intAt(4);
        float scale = launch.floatAt(5);
        long seed = launch.longAt(6);
        int site = launch.intAt(7);
        MemorySegment out = launch.memoryAt(0, n * Float.BYTES);
        MemorySegment in = launch.memoryAt(1, n * Float.BYTES);
        int step = (int) launch.memoryAt(2, Long.BYTES).get(ValueLayout.JAVA_LONG, 0);
        long first = (long) task * Tiles.SIZE;
        int length = Tiles.length(first, n);
        Tiles tiles = Tiles.ofThread();
        Tiles.load(in, first, tiles.a, length);
        for (int i = 0; i < length; i += WORDS) {
            long group = (first + i) / WORDS;
            Philox.words((int) group, (int) (group >>> 32), step, site, seed, tiles.bits, i);
        }
        drop(tiles.a, tiles.bits, length, threshold, scale);
        Tiles.store(tiles.a, out, first, length);
    }

    private static void drop(float[] x, int[] random, int n, int threshold, float scale) {
        for (int i = 0; i < n; i++) {
            x[i] = random[i] + Integer.MIN_VALUE >= threshold + Integer.MIN_VALUE ? x[i] * scale : 0;
        }
    }
}
