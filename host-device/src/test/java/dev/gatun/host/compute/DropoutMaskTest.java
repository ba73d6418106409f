package dev.gatun.host.compute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class DropoutMaskTest {
    private static final int COUNT = 100_003;

    private final DropoutMask masks = new DropoutMask();

    private double[] apply(Arena arena, float probability, long seed, long offset, int layer) {
        long values = Native.filled(arena, COUNT, 3);
        long mask = arena.allocate(DropoutMask.bytes(COUNT)).address();
        Lstm.Dropout dropout = new Lstm.Dropout(probability, seed, offset);
        masks.apply(dropout, layer, COUNT, values, values, mask);
        double[] applied = Native.read(values, COUNT);
        long again = Native.filled(arena, COUNT, 3);
        masks.reapply(dropout, COUNT, again, mask);
        assertArrayEquals(applied, Native.read(again, COUNT), "the mask that was kept");
        return applied;
    }

    private static double kept(double[] values) {
        int kept = 0;
        for (double value : values) {
            kept += value != 0 ? 1 : 0;
        }
        return (double) kept / values.length;
    }

    @Test
    void dropsTheShareAskedForAndKeepsTheMean() {
        try (Arena arena = Arena.ofConfined()) {
            for (float probability : new float[] {0.1f, 0.5f, 0.8f}) {
                double[] values = apply(arena, probability, 1, 2, 0);
                // Five standard deviations of the share of 100,000 draws.
                assertEquals(1 - probability, kept(values), 5 * Math.sqrt(probability * (1 - probability) / COUNT));
                for (double value : values) {
                    assertEquals(value == 0 ? 0 : 3 / (1.0 - probability), value, 1e-5);
                }
            }
        }
    }

    @Test
    void extremesKeepAllOrNothing() {
        try (Arena arena = Arena.ofConfined()) {
            assertEquals(1, kept(apply(arena, 0, 1, 2, 0)));
            assertEquals(0, kept(apply(arena, 1, 1, 2, 0)));
        }
    }

    @Test
    void theMaskIsAFunctionOfSeedOffsetAndLayer() {
        try (Arena arena = Arena.ofConfined()) {
            double[] mask = apply(arena, 0.5f, 1, 2, 0);
            assertArrayEquals(mask, apply(arena, 0.5f, 1, 2, 0));
            for (double[] other : new double[][] {apply(arena, 0.5f, 2, 2, 0), apply(arena, 0.5f, 1, 3, 0), apply(arena, 0.5f, 1, 2, 1)}) {
                int equal = 0;
                for (int k = 0; k < COUNT; k++) {
                    equal += mask[k] == other[k] ? 1 : 0;
                }
                // Independent masks agree in half of the elements, within five standard deviations.
                assertEquals(0.5, (double) equal / COUNT, 5 * 0.5 / Math.sqrt(COUNT));
            }
        }
    }
}
