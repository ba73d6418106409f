package dev.gatun.host.compute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products that {@link Gemm} computes with packed copies, which later calls use again. */
class PackedWeightsTest {
    private static final int DEPTH = 300;
    private static final int COLUMNS = 1001;

    private static double[] multiply(int rows, long a, long b, float beta, long c) {
        Gemm.multiply(false, true, rows, COLUMNS, DEPTH, 1, a, DEPTH, b, DEPTH, beta, c, COLUMNS);
        return Native.read(c, (long) rows * COLUMNS);
    }

    private static void assertProduct(int rows, long a, long b, double[] before, double[] after) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < COLUMNS; j += 7) {
                double sum = before == null ? 0 : before[i * COLUMNS + j];
                double size = Math.abs(sum);
                for (int p = 0; p < DEPTH; p++) {
                    double product = (double) Memory.getFloat(a + ((long) i * DEPTH + p) * Memory.F)
                            * Memory.getFloat(b + ((long) j * DEPTH + p) * Memory.F);
                    sum += product;
                    size += Math.abs(product);
                }
                // Any order of additions is within as many roundings of 6e-8 of the sum of magnitudes (Higham, 3.1).
                assertEquals(sum, after[i * COLUMNS + j], 6e-8 * (DEPTH + 2) * size);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"4", "16", "20", "64", "128"})
    void productsFollowTheMatrixAsItChanges(int rows) {
        assertTrue(PackedWeights.suits(rows, COLUMNS, DEPTH));
        try (Arena arena = Arena.ofConfined()) {
            SplittableRandom random = new SplittableRandom(rows);
            long a = Native.random(arena, random, (long) rows * DEPTH, 1);
            long b = Native.random(arena, random, (long) COLUMNS * DEPTH, 1);
            long c = Native.unwritten(arena, (long) rows * COLUMNS);
            double[] first = multiply(rows, a, b, 0, c);
            assertProduct(rows, a, b, null, first);
            assertProduct(rows, a, b, first, multiply(rows, a, b, 1, c));
            assertArrayEquals(first, multiply(rows, a, b, 0, c), "the copy gives the same bits again");

            long last = b + ((long) COLUMNS * DEPTH - 1) * Memory.F;
            PackedWeights.changed(last, Memory.F);
            Memory.putFloat(last, 100);
            Memory.putFloat(b, -100);
            assertProduct(rows, a, b, null, multiply(rows, a, b, 0, c));
            PackedWeights.freed(b, Memory.F);
        }
    }

    @Test
    void whatIsWrittenBesideAMatrixLeavesItsCopyGood() {
        try (Arena arena = Arena.ofConfined()) {
            SplittableRandom random = new SplittableRandom(1);
            long a = Native.random(arena, random, 20L * DEPTH, 1);
            long b = Native.random(arena, random, (long) COLUMNS * DEPTH, 1);
            long c = Native.unwritten(arena, 20L * COLUMNS);
            double[] first = multiply(20, a, b, 0, c);
            PackedWeights.changed(b - Memory.F, Memory.F);
            PackedWeights.changed(b + (long) COLUMNS * DEPTH * Memory.F, 1000);
            // Nobody said that the matrix changes, so the product stays.
            Memory.putFloat(b, 100);
            assertArrayEquals(first, multiply(20, a, b, 0, c));
            PackedWeights.freed(b, Memory.F);
        }
    }

    @Test
    void fewRowsManyRowsAndSmallMatricesAreNotForIt() {
        assertFalse(PackedWeights.suits(3, 10_000, 1024));
        assertFalse(PackedWeights.suits(129, 10_000, 1024));
        assertFalse(PackedWeights.suits(64, 512, 511));
    }
}
