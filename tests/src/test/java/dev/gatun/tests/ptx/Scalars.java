package dev.gatun.tests.ptx;

import java.util.HashMap;
import java.util.Map;

/**
 * All instructions of the kind {@link Scalar}, by name, after the PTX ISA's chapter 9. Left out on purpose: add, sub and mul of
 * floats without a rounding modifier, because ptxas may fuse them, so that their result depends on the compiler.
 */
final class Scalars {
    private static final long LOW = 0xffff_ffffL;
    private static final Map<String, Scalar> ALL = new HashMap<>();

    static {
        IntegerScalars.define();
        FloatScalars.define();
        DoubleScalars.define();
        DataMovementScalars.define();
    }

    private Scalars() {}

    /** Returns the instruction of that name, or null. */
    static Scalar find(String name) {
        return ALL.get(name);
    }

    static Map<String, Scalar> all() {
        return Map.copyOf(ALL);
    }

    static void define(String name, int resultBits, int[] sourceBits, Scalar.Function function) {
        if (ALL.put(name, new Scalar(name, resultBits, sourceBits, function)) != null) {
            throw new IllegalStateException(name + " is defined twice");
        }
    }

    static int[] bits(int... widths) {
        return widths;
    }

    /** Returns the register that holds an int. */
    static long of(int value) {
        return value & LOW;
    }

    /** Returns the register that holds a float; NVIDIA's single-precision instructions return this one NaN. */
    static long of(float value) {
        return Float.isNaN(value) ? 0x7fff_ffffL : Float.floatToRawIntBits(value) & LOW;
    }

    static long of(double value) {
        return Double.doubleToRawLongBits(value);
    }

    static long of(boolean value) {
        return value ? 1 : 0;
    }

    static float asFloat(long register) {
        return Float.intBitsToFloat((int) register);
    }

    static double asDouble(long register) {
        return Double.longBitsToDouble(register);
    }
}
