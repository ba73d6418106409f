package dev.gatun.host.compute;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/** Off-heap floats for tests. */
final class Native {
    private Native() {}

    /** Returns the address of {@code count} floats that are uniform in [-scale, scale). */
    static long random(Arena arena, SplittableRandom random, long count, double scale) {
        MemorySegment memory = allocate(arena, count);
        for (long k = 0; k < count; k++) {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, k, (float) random.nextDouble(-scale, scale));
        }
        return memory.address();
    }

    /** Returns the address of {@code count} floats that are not a number, so that reading them before writing shows. */
    static long unwritten(Arena arena, long count) {
        return filled(arena, count, Float.NaN);
    }

    static long filled(Arena arena, long count, float value) {
        MemorySegment memory = allocate(arena, count);
        for (long k = 0; k < count; k++) {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, k, value);
        }
        return memory.address();
    }

    /** Returns the floats at an address; none for address 0. */
    static double[] read(long address, long count) {
        double[] values = new double[address == 0 ? 0 : Math.toIntExact(count)];
        for (int k = 0; k < values.length; k++) {
            values[k] = Memory.getFloat(address + k * Memory.F);
        }
        return values;
    }

    /** Returns |actual - expected| / |expected|, of the whole vectors. */
    static double relativeError(double[] actual, double[] expected) {
        double difference = 0;
        double norm = 0;
        for (int k = 0; k < expected.length; k++) {
            difference += (actual[k] - expected[k]) * (actual[k] - expected[k]);
            norm += expected[k] * expected[k];
        }
        return norm == 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
    }

    private static MemorySegment allocate(Arena arena, long count) {
        return arena.allocate(Math.max(1, count) * Memory.F, 64);
    }
}
