package dev.gatun.tests.ptx;

import static dev.gatun.tests.ptx.Scalars.asDouble;
import static dev.gatun.tests.ptx.Scalars.asFloat;
import static dev.gatun.tests.ptx.Scalars.bits;
import static dev.gatun.tests.ptx.Scalars.of;

import java.math.BigDecimal;

/** Moves, selections and conversions (PTX ISA 9.7.7, 9.7.9). */
final class DataMovementScalars {
    private DataMovementScalars() {}

    static void define() {
        for (String type : new String[] {"pred", "u32", "b32", "f32", "u64", "b64", "f64"}) {
            int width = type.equals("pred") ? 1 : Integer.parseInt(type.substring(1));
            Scalars.define("mov." + type, width, bits(width), (a, b, c) -> a);
        }
        for (String type : new String[] {"b16", "b32", "u32", "f32", "b64", "f64"}) {
            int width = Integer.parseInt(type.substring(1));
            Scalars.define("selp." + type, width, bits(width, width, 1), (a, b, p) -> p != 0 ? a : b);
        }
        // Generic addresses are those of global memory here: no kernel takes the generic address of anything else.
        Scalars.define("cvta.to.global.u64", 64, bits(64), (a, b, c) -> a);
        Scalars.define("cvt.s64.s32", 64, bits(32), (a, b, c) -> (int) a);
        Scalars.define("cvt.u64.u32", 64, bits(32), (a, b, c) -> a);
        Scalars.define("cvt.u32.u64", 32, bits(64), (a, b, c) -> of((int) a));
        Scalars.define("cvt.f64.f32", 64, bits(32), (a, b, c) -> of((double) asFloat(a)));
        Scalars.define("cvt.rn.f32.f64", 32, bits(64), (a, b, c) -> of((float) asDouble(a)));
        Scalars.define("cvt.rn.f32.s32", 32, bits(32), (a, b, c) -> of((float) (int) a));
        Scalars.define("cvt.rn.f64.s32", 64, bits(32), (a, b, c) -> of((double) (int) a));
        Scalars.define("cvt.rn.f64.u32", 64, bits(32), (a, b, c) -> of((double) a));
        Scalars.define("cvt.rn.f32.u32", 32, bits(32), (a, b, c) -> of((float) a));
        Scalars.define("cvt.rn.f64.u64", 64, bits(64), (a, b, c) -> of(new BigDecimal(Long.toUnsignedString(a)).doubleValue()));
        Scalars.define("cvt.rpi.f64.f64", 64, bits(64), (a, b, c) -> of(Math.ceil(asDouble(a))));
        // Truncated, and clamped to what 64 bits without a sign hold; NaN becomes 0.
        Scalars.define("cvt.rzi.u64.f32", 64, bits(32), (a, b, c) -> truncated(asFloat(a)));
        Scalars.define("cvt.rzi.u64.f64", 64, bits(64), (a, b, c) -> truncated(asDouble(a)));
        Scalars.define("cvt.u32.u16", 32, bits(16), (a, b, c) -> a);
        Scalars.define("cvt.u16.u32", 16, bits(32), (a, b, c) -> a & 0xffff);
        Scalars.define("cvt.f32.f16", 32, bits(16), (a, b, c) -> of(Float.float16ToFloat((short) a)));
        Scalars.define("cvt.rn.f16.f32", 16, bits(32), (a, b, c) -> half(asFloat(a)));
        // Clamped to [0, 1]; NaN becomes +0.
        Scalars.define("cvt.sat.f32.f32", 32, bits(32), (a, b, c) -> of(asFloat(a) > 0 ? Math.min(asFloat(a), 1f) : 0f));
    }

    private static long truncated(double x) {
        return x >= 0x1p64 ? -1 : x >= 0x1p63 ? (long) (x - 0x1p63) + Long.MIN_VALUE : x > 0 ? (long) x : 0;
    }

    /** Returns the register that holds a half; NVIDIA's half-precision instructions return this one NaN. */
    private static long half(float x) {
        return Float.isNaN(x) ? 0x7fff : Float.floatToFloat16(x) & 0xffff;
    }
}
