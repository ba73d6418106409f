package dev.gatun.host.compute;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SixteenBitTest {
    private static final int ALL = 1 << 16;

    /** Returns the nearest number of a type: a multiple of the spacing of its numbers at x, or of its least number; ties to even. */
    private static double nearest(SixteenBit type, double x) {
        boolean half = type == SixteenBit.HALF;
        if (Double.isNaN(x) || Math.abs(x) >= (half ? 65520 : 0x1.ffp127)) {
            return Double.isNaN(x) ? x : Math.copySign(Double.POSITIVE_INFINITY, x);
        }
        double spacing = Math.max(half ? 0x1p-24 : 0x1p-133, Math.scalb(1, Math.getExponent(x) - (half ? 10 : 7)));
        return Math.rint(x / spacing) * spacing;
    }

    @ParameterizedTest
    @EnumSource(SixteenBit.class)
    void everyNumberSurvivesTheWayToFloatAndBack(SixteenBit type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bits = arena.allocate(ValueLayout.JAVA_SHORT, ALL);
            MemorySegment floats = arena.allocate(ValueLayout.JAVA_FLOAT, ALL);
            MemorySegment back = arena.allocate(ValueLayout.JAVA_SHORT, ALL);
            for (int i = 0; i < ALL; i++) {
                bits.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) i);
            }
            type.widen(bits.address(), floats.address(), ALL);
            type.round(floats.address(), back.address(), ALL);
            for (int i = 0; i < ALL; i++) {
                float x = floats.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                if (Float.isNaN(x)) {
                    type.widen(back.address() + 2L * i, floats.address(), 1);
                    assertEquals(Float.NaN, floats.getAtIndex(ValueLayout.JAVA_FLOAT, 0));
                } else {
                    assertEquals((short) i, back.getAtIndex(ValueLayout.JAVA_SHORT, i), "the number " + x);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(SixteenBit.class)
    void roundsToTheNearestWithTiesToEven(SixteenBit type) {
        float[] special = {0x1.002p0f, 0x1.006p0f, 0x1.01p0f, 0x1.03p0f, 65519, 65520, -65520, 0x1p-25f, 0x1.8p-24f, 0x1.fep127f,
            0x1.ffp127f, Float.MAX_VALUE, Float.MIN_VALUE, Float.NaN, Float.NEGATIVE_INFINITY};
        Random random = new Random(1);
        int count = 50_000; // more than one task
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment floats = arena.allocate(ValueLayout.JAVA_FLOAT, count);
            double[] expected = new double[count];
            for (int i = 0; i < count; i++) {
                float x = i < special.length ? special[i] : Float.intBitsToFloat(random.nextInt());
                expected[i] = nearest(type, x);
                floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, x);
            }
            type.round(floats.address(), count);
            for (int i = 0; i < count; i++) {
                assertEquals(expected[i], floats.getAtIndex(ValueLayout.JAVA_FLOAT, i));
            }
        }
    }
}
