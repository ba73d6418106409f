package dev.gatun.tests.ptx;

import static dev.gatun.tests.ptx.Scalars.asFloat;
import static dev.gatun.tests.ptx.Scalars.bits;
import static dev.gatun.tests.ptx.Scalars.of;

import java.util.function.DoubleUnaryOperator;

/** Single-precision arithmetic and comparison (PTX ISA 9.7.3, 9.7.6). Subnormal numbers are kept, except where .ftz says so. */
final class FloatScalars {
    private interface Binary {
        float apply(float a, float b);
    }

    private interface Relation {
        boolean holds(float a, float b);
    }

    private FloatScalars() {}

    static void define() {
        binary("add.rn.f32", (a, b) -> a + b);
        binary("sub.rn.f32", (a, b) -> a - b);
        binary("mul.rn.f32", (a, b) -> a * b);
        binary("div.rn.f32", (a, b) -> a / b);
        binary("min.f32", (a, b) -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.min(a, b));
        binary("max.f32", (a, b) -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.max(a, b));
        unary("neg.f32", x -> -x);
        unary("abs.f32", Math::abs);
        unary("rcp.rn.f32", x -> (double) (1 / (float) x));
        // A root in double, rounded to float, is the root rounded to float: 53 bits are more than 2 * 24 + 2.
        unary("sqrt.rn.f32", Math::sqrt);
        unary("ex2.approx.ftz.f32", x -> flush((float) Math.pow(2, flush((float) x))));
        binary("add.rz.f32", FloatScalars::addTowardsZero);
        ternary("fma.rn.f32", Math::fma);
        ternary("fma.rm.f32", FloatScalars::fmaDown);
        Scalars.define("setp.nan.f32", 1, bits(32, 32), (a, b, c) -> of(Float.isNaN(asFloat(a)) || Float.isNaN(asFloat(b))));
        Scalars.define("setp.num.f32", 1, bits(32, 32), (a, b, c) -> of(!Float.isNaN(asFloat(a)) && !Float.isNaN(asFloat(b))));
        relations("eq", (a, b) -> a == b);
        relations("ne", (a, b) -> a < b || a > b);
        relations("lt", (a, b) -> a < b);
        relations("le", (a, b) -> a <= b);
        relations("gt", (a, b) -> a > b);
        relations("ge", (a, b) -> a >= b);
    }

    /**
     * Returns a * b + c rounded towards minus infinity. The product is exact in double; the error of the sum is that of Knuth's
     * two-sum, so that sum + error is the exact value, which the rounded sum is compared with.
     */
    static float fmaDown(float a, float b, float c) {
        double product = (double) a * b;
        double sum = product + c;
        if (Double.isNaN(sum) || Double.isInfinite(sum)) {
            return (float) sum;
        }
        double part = sum - product;
        double error = product - (sum - part) + (c - part);
        if (sum == 0 && error == 0) {
            // Only -0 + -0 and a sum of opposite numbers get here; the latter is -0 in this rounding mode.
            return product == 0 && c == 0 && 1 / product > 0 && 1 / c > 0 ? 0f : -0f;
        }
        float nearest = (float) sum;
        boolean above = nearest == Float.POSITIVE_INFINITY || nearest - sum > error;
        return above ? Math.nextDown(nearest) : nearest;
    }

    /** Rounds a sum down where it is positive, and its negative where that is; in double the sum has the sign of the exact one. */
    private static float addTowardsZero(float a, float b) {
        double sum = (double) a + b;
        return sum > 0 ? fmaDown(a, 1, b) : sum < 0 ? -fmaDown(-a, 1, -b) : a + b;
    }

    private static float flush(float x) {
        return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
    }

    /** Defines a comparison that is false where an operand is NaN, and the unordered one, which is true there. */
    private static void relations(String name, Relation relation) {
        Scalars.define("setp." + name + ".f32", 1, bits(32, 32), (a, b, c) -> of(relation.holds(asFloat(a), asFloat(b))));
        Scalars.define("setp." + name + "u.f32", 1, bits(32, 32), (a, b, c) -> {
            float x = asFloat(a);
            float y = asFloat(b);
            return of(Float.isNaN(x) || Float.isNaN(y) || relation.holds(x, y));
        });
    }

    private static void unary(String name, DoubleUnaryOperator operator) {
        Scalars.define(name, 32, bits(32), (a, b, c) -> of((float) operator.applyAsDouble(asFloat(a))));
    }

    private static void binary(String name, Binary operator) {
        Scalars.define(name, 32, bits(32, 32), (a, b, c) -> of(operator.apply(asFloat(a), asFloat(b))));
    }

    private interface Ternary {
        float apply(float a, float b, float c);
    }

    private static void ternary(String name, Ternary operator) {
        Scalars.define(name, 32, bits(32, 32, 32), (a, b, c) -> of(operator.apply(asFloat(a), asFloat(b), asFloat(c))));
    }
}
