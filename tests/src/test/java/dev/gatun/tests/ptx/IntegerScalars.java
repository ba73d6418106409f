package dev.gatun.tests.ptx;

import static dev.gatun.tests.ptx.Scalars.bits;
import static dev.gatun.tests.ptx.Scalars.of;

import java.util.function.IntBinaryOperator;
import java.util.function.IntPredicate;
import java.util.function.LongBinaryOperator;

/** Integer arithmetic, comparison, logic and shifts (PTX ISA 9.7.1, 9.7.6, 9.7.8). */
final class IntegerScalars {
    private IntegerScalars() {}

    static void define() {
        binary32("add.s32", (a, b) -> a + b);
        binary64("add.s64", (a, b) -> a + b);
        binary32("sub.s32", (a, b) -> a - b);
        binary64("sub.s64", (a, b) -> a - b);
        binary32("mul.lo.s32", (a, b) -> a * b);
        binary64("mul.lo.s64", (a, b) -> a * b);
        binary32("mul.hi.u32", (a, b) -> (int) (of(a) * of(b) >>> 32));
        Scalars.define("mul.wide.s32", 64, bits(32, 32), (a, b, c) -> (long) (int) a * (int) b);
        Scalars.define("mul.wide.u32", 64, bits(32, 32), (a, b, c) -> a * b);
        binary32("div.u32", Integer::divideUnsigned);
        binary64("div.u64", Long::divideUnsigned);
        binary32("rem.u32", Integer::remainderUnsigned);
        binary64("rem.u64", Long::remainderUnsigned);
        binary32("min.s32", Math::min);
        binary32("max.s32", Math::max);
        binary32("min.u32", (a, b) -> Integer.compareUnsigned(a, b) < 0 ? a : b);
        binary32("max.u32", (a, b) -> Integer.compareUnsigned(a, b) > 0 ? a : b);
        binary64("min.u64", (a, b) -> Long.compareUnsigned(a, b) < 0 ? a : b);
        binary64("max.u64", (a, b) -> Long.compareUnsigned(a, b) > 0 ? a : b);
        logic();
        shifts();
        Scalars.define("brev.b32", 32, bits(32), (a, b, c) -> of(Integer.reverse((int) a)));
        // How far to shift left until the highest set bit is bit 31; all ones where no bit is set.
        Scalars.define("bfind.shiftamt.u32", 32, bits(32), (a, b, c) -> of(a == 0 ? -1 : Integer.numberOfLeadingZeros((int) a)));
        comparisons();
    }

    private static void logic() {
        for (int width : bits(1, 32, 64)) {
            String type = width == 1 ? ".pred" : ".b" + width;
            Scalars.define("and" + type, width, bits(width, width), (a, b, c) -> a & b);
            Scalars.define("or" + type, width, bits(width, width), (a, b, c) -> a | b);
            Scalars.define("xor" + type, width, bits(width, width), (a, b, c) -> a ^ b);
            long mask = -1L >>> Long.SIZE - width;
            Scalars.define("not" + type, width, bits(width), (a, b, c) -> ~a & mask);
        }
    }

    /** Amounts are unsigned, 32 bits wide, and clamped to the width: unlike Java's, which are taken modulo the width. */
    private static void shifts() {
        Scalars.define("shl.b32", 32, bits(32, 32), (a, n, c) -> n > 31 ? 0 : of((int) a << n));
        Scalars.define("shl.b64", 64, bits(64, 32), (a, n, c) -> n > 63 ? 0 : a << n);
        Scalars.define("shr.u32", 32, bits(32, 32), (a, n, c) -> n > 31 ? 0 : a >>> n);
        Scalars.define("shr.u64", 64, bits(64, 32), (a, n, c) -> n > 63 ? 0 : a >>> n);
        Scalars.define("shr.s32", 32, bits(32, 32), (a, n, c) -> of((int) a >> Math.min(n, 31)));
        Scalars.define("shr.s64", 64, bits(64, 32), (a, n, c) -> a >> Math.min(n, 63));
    }

    private static void comparisons() {
        comparison("eq", order -> order == 0, "s32", "u32", "b32", "s64", "u64", "b64");
        comparison("ne", order -> order != 0, "s32", "u32", "b32", "s64", "u64", "b64");
        comparison("lt", order -> order < 0, "s32", "u32", "s64", "u64");
        comparison("le", order -> order <= 0, "s32", "u32", "s64", "u64");
        comparison("gt", order -> order > 0, "s32", "u32", "s64", "u64");
        comparison("ge", order -> order >= 0, "s32", "u32", "s64", "u64");
    }

    private static void comparison(String name, IntPredicate holds, String... types) {
        for (String type : types) {
            int width = Integer.parseInt(type.substring(1));
            Scalar.Function function = switch (type) {
                case "s32" -> (a, b, c) -> of(holds.test(Integer.compare((int) a, (int) b)));
                case "s64" -> (a, b, c) -> of(holds.test(Long.compare(a, b)));
                default -> (a, b, c) -> of(holds.test(Long.compareUnsigned(a, b)));
            };
            Scalars.define("setp." + name + "." + type, 1, bits(width, width), function);
        }
    }

    private static void binary32(String name, IntBinaryOperator operator) {
        Scalars.define(name, 32, bits(32, 32), (a, b, c) -> of(operator.applyAsInt((int) a, (int) b)));
    }

    private static void binary64(String name, LongBinaryOperator operator) {
        Scalars.define(name, 64, bits(64, 64), (a, b, c) -> operator.applyAsLong(a, b));
    }
}
