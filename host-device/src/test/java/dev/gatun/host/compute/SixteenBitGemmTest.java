package dev.gatun.host.compute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SixteenBitGemmTest {
    private static final Random RANDOM = new Random(1);

    private static MemorySegment rounded(SixteenBit type, Arena arena, int count) {
        MemorySegment floats = arena.allocate(ValueLayout.JAVA_FLOAT, count);
        for (int i = 0; i < count; i++) {
            floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) RANDOM.nextGaussian());
        }
        MemorySegment bits = arena.allocate(ValueLayout.JAVA_SHORT, count);
        type.round(floats.address(), bits.address(), count);
        return bits;
    }

    /** At these sizes a product keeps a packed copy of its second factor, by the address of the widened one, which is always the same. */
    @ParameterizedTest
    @EnumSource(SixteenBit.class)
    void aLargeSecondFactorIsReadAnewInEachProduct(SixteenBit type) {
        int m = 8;
        int n = 1024;
        int k = 256;
        for (int product = 0; product < 3; product++) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment a = rounded(type, arena, m * k);
                MemorySegment b = rounded(type, arena, n * k);
                MemorySegment wideA = arena.allocate(ValueLayout.JAVA_FLOAT, m * k);
                MemorySegment wideB = arena.allocate(ValueLayout.JAVA_FLOAT, n * k);
                type.widen(a.address(), wideA.address(), m * k);
                type.widen(b.address(), wideB.address(), n * k);
                MemorySegment expected = arena.allocate(ValueLayout.JAVA_FLOAT, m * n);
                MemorySegment actual = arena.allocate(ValueLayout.JAVA_FLOAT, m * n);
                Gemm.multiply(false, true, m, n, k, 1, wideA.address(), k, wideB.address(), k, 0, expected.address(), n);
                PackedWeights.freed(wideB.address(), wideB.byteSize());
                SixteenBitGemm.multiply(type, false, false, true, m, n, k, 1, a.address(), k, b.address(), k, 0, actual.address(), n);
                assertArrayEquals(expected.toArray(ValueLayout.JAVA_FLOAT), actual.toArray(ValueLayout.JAVA_FLOAT), "product " + product);
            }
        }
    }
}
