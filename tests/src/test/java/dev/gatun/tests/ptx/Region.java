package dev.gatun.tests.ptx;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A piece of memory that a kernel may touch: a device allocation, or the shared memory of a block. */
final class Region {
    /** Bytes that are accessed and tracked as one: the size of the smallest type that kernels use. */
    static final int UNIT = Short.BYTES;

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong PAIR = ValueLayout.JAVA_LONG_UNALIGNED;

    private final String name;
    private final long address;
    private final MemorySegment memory;
    private final Shadow shadow;

    /**
     * Describes memory.
     *
     * @param name for messages
     * @param address of its first byte, as kernels see it
     * @param memory its content
     * @param initialised whether all of it was written already
     */
    Region(String name, long address, MemorySegment memory, boolean initialised) {
        this.name = name;
        this.address = address;
        this.memory = memory;
        shadow = new Shadow(Math.toIntExact(Math.ceilDiv(memory.byteSize(), (long) UNIT)), initialised);
    }

    String name() {
        return name;
    }

    long address() {
        return address;
    }

    MemorySegment memory() {
        return memory;
    }

    Shadow shadow() {
        return shadow;
    }

    boolean contains(long from, long bytes) {
        return from >= address && from - address <= memory.byteSize() - bytes;
    }

    long read(long from, int bytes) {
        long offset = from - address;
        return switch (bytes) {
            case Short.BYTES -> Short.toUnsignedLong(memory.get(HALF, offset));
            case Integer.BYTES -> Scalars.of(memory.get(WORD, offset));
            default -> memory.get(PAIR, offset);
        };
    }

    void write(long to, int bytes, long value) {
        long offset = to - address;
        switch (bytes) {
            case Short.BYTES -> memory.set(HALF, offset, (short) value);
            case Integer.BYTES -> memory.set(WORD, offset, (int) value);
            default -> memory.set(PAIR, offset, value);
        }
    }
}
