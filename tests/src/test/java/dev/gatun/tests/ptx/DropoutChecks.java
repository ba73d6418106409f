package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;

/** dropout. */
final class DropoutChecks {
    /** Past 32 bits; the low word is used. */
    private static final long COUNTER = 5L << 32 | 0x80000003L;

    private DropoutChecks() {}

    /** Exact: a value is dropped or multiplied once. Which ones are is computed here from Salmon et al.'s description. */
    static void dropout(KernelBench bench) {
        for (int n : new int[] {1, 2, 3, 4, 5, 130, 8 * bench.threads + 5, 3001}) {
            MemorySegment in = bench.normal(n, 1);
            for (int threshold : new int[] {0, 1 << 30, 0xa0000000, -1}) {
                long seed = bench.random.nextLong();
                int site = bench.random.nextInt();
                check(bench, 1, in, in, n, threshold, seed, site);
                check(bench, 3, in, in, n, threshold, seed, site);
            }
        }
        thresholds(bench);
    }

    /** A random number that equals the threshold keeps its value, read with the others of its four or alone. */
    private static void thresholds(KernelBench bench) {
        MemorySegment in = bench.normal(4, 1);
        long seed = bench.random.nextLong();
        for (int i = 0; i < 4; i++) {
            int threshold = random(i, seed, 6);
            check(bench, 1, in, in, 4, threshold, seed, 6);
            check(bench, 1, new KernelBench.Shifted(in, Float.BYTES), in, 4, threshold, seed, 6);
        }
    }

    private static void check(KernelBench bench, int blocks, Object argument, MemorySegment in, int n, int threshold, long seed, int site) {
        float scale = 1.7f;
        KernelBench.Result result = bench.run("dropout", blocks, KernelBench.out(n), argument, KernelBench.longs(COUNTER), (long) n,
                threshold, scale, seed, site);
        result.assertTwinEqual(0);
        for (int i = 0; i < n; i++) {
            boolean kept = Integer.compareUnsigned(random(i, seed, site), threshold) >= 0;
            assertEquals(kept ? KernelBench.at(in, i) * scale : 0, result.floatAt(0, i), "value " + i);
        }
    }

    private static int random(int i, long seed, int site) {
        return philox(new int[] {i / 4, 0, (int) COUNTER, site}, (int) seed, (int) (seed >>> 32))[i % 4];
    }

    /** Ten rounds; the keys of round r are those of the first and r times the fractional parts of the golden ratio and of √3. */
    private static int[] philox(int[] counter, int key0, int key1) {
        int[] x = counter;
        for (int round = 0; round < 10; round++) {
            long left = 0xD2511F53L * Integer.toUnsignedLong(x[0]);
            long right = 0xCD9E8D57L * Integer.toUnsignedLong(x[2]);
            x = new int[] {(int) (right >>> 32) ^ x[1] ^ key0 + round * 0x9E3779B9, (int) right,
                (int) (left >>> 32) ^ x[3] ^ key1 + round * 0xBB67AE85, (int) left};
        }
        return x;
    }
}
