package dev.gatun.host.compute;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Host memory by raw address; nothing here allocates, and nothing checks bounds. */
final class Memory {
    /** Bytes of a float. */
    static final long F = Float.BYTES;

    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private Memory() {}

    static void load(long address, float[] to, int count) {
        MemorySegment.copy(ALL, ValueLayout.JAVA_FLOAT_UNALIGNED, address, to, 0, count);
    }

    static void store(float[] from, int count, long address) {
        MemorySegment.copy(from, 0, ALL, ValueLayout.JAVA_FLOAT_UNALIGNED, address, count);
    }

    static void load(long address, short[] to, int count) {
        MemorySegment.copy(ALL, ValueLayout.JAVA_SHORT_UNALIGNED, address, to, 0, count);
    }

    static void store(short[] from, int count, long address) {
        MemorySegment.copy(from, 0, ALL, ValueLayout.JAVA_SHORT_UNALIGNED, address, count);
    }

    static void copyFloats(long from, long to, long count) {
        MemorySegment.copy(ALL, from, ALL, to, count * F);
    }

    static void zeroFloats(long address, long count) {
        ALL.asSlice(address, count * F).fill((byte) 0);
    }

    static int getInt(long address) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address);
    }

    static void putInt(long address, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, address, value);
    }

    static float getFloat(long address) {
        return ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
    }

    static void putFloat(long address, float value) {
        ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
    }
}
