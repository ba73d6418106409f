package dev.gatun.host.compute;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Arrays of floats by number, each as large as the largest ever asked for, so that a steady loop allocates nothing. An array that is
 * handed out is about to be written, which {@link PackedWeights} is told.
 */
final class FloatScratch {
    private static final long LINE = 64;

    private final MemorySegment[] arrays;

    FloatScratch(int count) {
        arrays = new MemorySegment[count];
    }

    /** Returns the address of an array with room for {@code count} floats; what it held may be lost. */
    long array(int number, long count) {
        MemorySegment array = arrays[number];
        if (array == null || array.byteSize() < count * Memory.F) {
            if (array != null) {
                PackedWeights.freed(array.address(), array.byteSize());
            }
            array = Arena.ofAuto().allocate(Math.max(1, count) * Memory.F, LINE);
            arrays[number] = array;
        }
        PackedWeights.changed(array.address(), array.byteSize());
        return array.address();
    }
}
