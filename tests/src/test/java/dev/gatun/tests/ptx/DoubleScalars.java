package dev.gatun.tests.ptx;

import static dev.gatun.tests.ptx.Scalars.asDouble;
import static dev.gatun.tests.ptx.Scalars.bits;
import static dev.gatun.tests.ptx.Scalars.of;

import java.util.function.DoubleBinaryOperator;

/** Double-precision arithmetic and comparison (PTX ISA 9.7.3, 9.7.6). */
final class DoubleScalars {
    private interface Relation {
        boolean holds(double a, double b);
    }

    private DoubleScalars() {}

    static void define() {
        binary("add.rn.f64", (a, b) -> a + b);
        binary("sub.rn.f64", (a, b) -> a - b);
        binary("mul.rn.f64", (a, b) -> a * b);
        binary("div.rn.f64", (a, b) -> a / b);
        Scalars.define("sqrt.rn.f64", 64, bits(64), (a, b, c) -> of(Math.sqrt(asDouble(a))));
        Scalars.define("rcp.rn.f64", 64, bits(64), (a, b, c) -> of(1 / asDouble(a)));
        relations("eq", (a, b) -> a == b);
        relations("ne", (a, b) -> a < b || a > b);
        relations("lt", (a, b) -> a < b);
        relations("le", (a, b) -> a <= b);
        relations("gt", (a, b) -> a > b);
        relations("ge", (a, b) -> a >= b);
    }

    private static void binary(String name, DoubleBinaryOperator operator) {
        Scalars.define(name, 64, bits(64, 64), (a, b, c) -> of(operator.applyAsDouble(asDouble(a), asDouble(b))));
    }

    /** Defines a comparison that is false where an operand is NaN, and the unordered one, which is true there. */
    private static void relations(String name, Relation relation) {
        Scalars.define("setp." + name + ".f64", 1, bits(64, 64), (a, b, c) -> of(relation.holds(asDouble(a), asDouble(b))));
        Scalars.define("setp." + name + "u.f64", 1, bits(64, 64), (a, b, c) -> {
            double x = asDouble(a);
            double y = asDouble(b);
            return of(Double.isNaN(x) || Double.isNaN(y) || relation.holds(x, y));
        });
    }
}
