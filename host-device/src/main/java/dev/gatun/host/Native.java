package dev.gatun.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Host memory by raw address, as a C function sees it; nothing here allocates. */
final class Native {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private Native() {}

    static int getInt(long address) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address);
    }

    static long getLong(long address) {
        return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
    }

    static float getFloat(long address) {
        return ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
    }

    static void putInt(long address, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, address, value);
    }

    static void putLong(long address, long value) {
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, address, value);
    }

    static void putFloat(long address, float value) {
        ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
    }

    static void putDouble(long address, double value) {
        ALL.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, address, value);
    }

    static int[] getInts(long address, int count) {
        return ALL.asSlice(address, (long) Integer.BYTES * count).toArray(ValueLayout.JAVA_INT_UNALIGNED);
    }

    /** Returns a value of 2, 4 or 8 bytes, with its sign. */
    static long getBits(long address, int bytes) {
        return switch (bytes) {
            case 2 -> ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, address);
            case 4 -> getInt(address);
            default -> getLong(address);
        };
    }

    /** Writes a value of 2, 4 or 8 bytes. */
    static void putBits(long address, int bytes, long bits) {
        switch (bytes) {
            case 2 -> ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, address, (short) bits);
            case 4 -> putInt(address, (int) bits);
            default -> putLong(address, bits);
        }
    }

    static String getString(long address) {
        return ALL.getString(address);
    }

    /** Writes a C string, cut to what fits into {@code capacity} bytes with its terminator. */
    static void putString(long address, long capacity, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = (int) Math.min(bytes.length, capacity - 1);
        if (length >= 0) {
            MemorySegment.copy(bytes, 0, ALL, ValueLayout.JAVA_BYTE, address, length);
            ALL.set(ValueLayout.JAVA_BYTE, address + length, (byte) 0);
        }
    }

    static void copy(long from, long to, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    /** Fills by C's memset, as a segment's fill would need a segment for each block. */
    static void fill(long address, long bytes, byte value) {
        Libc.MEMSET.call(address, value, bytes);
    }

    /** Returns a number that hardly any other content has. */
    static long hash(long address, long bytes) {
        long hash = 1;
        long i = 0;
        for (; i <= bytes - Long.BYTES; i += Long.BYTES) {
            hash = 31 * hash + getLong(address + i);
        }
        for (; i < bytes; i++) {
            hash = 31 * hash + ALL.get(ValueLayout.JAVA_BYTE, address + i);
        }
        return hash;
    }

    /** Returns a host pointer that the call must have, or refuses NULL, a device pointer or a handle. */
    static long required(long pointer, String function, String argument) {
        if (pointer == 0) {
            throw Fault.invalid(function + ": " + argument + " is NULL");
        }
        if (DeviceMemory.isOpaque(pointer) || Handles.isHandle(pointer)) {
            throw Fault.invalid(function + ": " + argument + " is a device pointer or a handle; it must be a host pointer");
        }
        return pointer;
    }

    static void putIntIfWanted(long address, int value) {
        if (address != 0) {
            putInt(required(address, "the call", "an output argument"), value);
        }
    }

    static void putLongIfWanted(long address, long value) {
        if (address != 0) {
            putLong(required(address, "the call", "an output argument"), value);
        }
    }
}
