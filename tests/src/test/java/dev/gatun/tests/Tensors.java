package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Comparisons of float32 tensors in host memory. */
public final class Tensors {
    private Tensors() {}

    /** Returns the norm of the difference over the norm of what is expected, which must not be zero. */
    public static double relativeError(MemorySegment expected, MemorySegment actual) {
        assertEquals(expected.byteSize(), actual.byteSize());
        double difference = 0;
        double norm = 0;
        for (long i = 0; i < expected.byteSize() / Float.BYTES; i++) {
            double e = expected.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            double a = actual.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            difference += (a - e) * (a - e);
            norm += e * e;
        }
        assertTrue(norm > 0, "nothing but zeros is expected");
        return Math.sqrt(difference / norm);
    }
}
