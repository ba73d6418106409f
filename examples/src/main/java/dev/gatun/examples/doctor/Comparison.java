package dev.gatun.examples.doctor;

import java.util.Locale;

/**
 * Compares arrays by the norm of their difference over the norm of what was expected. With a bound of 0 the error is the number of
 * values whose bits differ.
 */
final class Comparison implements Check.Comparer {
    private final double bound;
    private double error;
    private String difference = "";

    Comparison(double bound) {
        this.bound = bound;
    }

    @Override
    public void compare(String what, double[] expected, double[] found) {
        if (expected.length != found.length) {
            throw new IllegalArgumentException(what + ": " + expected.length + " values expected, " + found.length + " found");
        }
        double measured = bound == 0 ? differentBits(expected, found) : relativeNorm(expected, found);
        error = Math.max(error, measured); // NaN stays
        if (!(measured <= bound) && difference.isEmpty()) {
            int at = farthest(expected, found);
            difference = String.format(Locale.ROOT, "%s, value %d of %d: expected %.9g, found %.9g", what, at, expected.length,
                    expected[at], found[at]);
        }
    }

    /** Returns the largest error so far. */
    double error() {
        return error;
    }

    /** Returns where the first result that was out of bounds is off most; empty if none was. */
    String difference() {
        return difference;
    }

    private static double relativeNorm(double[] expected, double[] found) {
        double squares = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            squares += (expected[i] - found[i]) * (expected[i] - found[i]);
            size += expected[i] * expected[i];
        }
        return squares == 0 ? 0 : Math.sqrt(squares / size);
    }

    private static double differentBits(double[] expected, double[] found) {
        int count = 0;
        for (int i = 0; i < expected.length; i++) {
            count += Double.doubleToRawLongBits(expected[i]) == Double.doubleToRawLongBits(found[i]) ? 0 : 1;
        }
        return count;
    }

    private static int farthest(double[] expected, double[] found) {
        int worst = 0;
        double most = -1;
        for (int i = 0; i < expected.length; i++) {
            double distance = Math.abs(expected[i] - found[i]);
            if (Double.isNaN(distance)) {
                return i;
            }
            if (distance > most) {
                most = distance;
                worst = i;
            }
        }
        return worst;
    }
}
