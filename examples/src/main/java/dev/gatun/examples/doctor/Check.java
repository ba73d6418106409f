package dev.gatun.examples.doctor;

import dev.gatun.device.NativeCallException;

/**
 * One thing that the device must do right.
 *
 * @param name what is checked
 * @param compared what its results are compared with
 * @param bound the largest error that passes, see {@link Comparison}; 0: bit for bit
 * @param body computes, and hands over what was expected and found
 */
record Check(String name, String compared, double bound, Body body) {
    /**
     * The largest relative error of float32 arithmetic, on any hardware. It keeps 6e-8 of a value, and sums of some hundred products
     * in any order are off by 1e-7 to 1e-6 of their norm. TF32 and bfloat16, which keep 5e-4 and 4e-3 of a factor, do not pass.
     */
    static final double FLOAT32 = 1e-5;

    /** Runs on the device and compares. */
    interface Body {
        void run(Comparer comparer);
    }

    /** Takes results, one after the other. */
    interface Comparer {
        void compare(String what, double[] expected, double[] found);
    }

    /**
     * What came of a check.
     *
     * @param error the largest error of the results compared; NaN where there is none because a call failed
     * @param difference what differed, where, expected and found, for people; empty where the check passed
     */
    record Result(String name, String compared, double error, double bound, String difference) {
        boolean passed() {
            return difference.isEmpty();
        }
    }

    /** Runs the check; a call that fails is a check that does. */
    Result run() {
        Comparison comparison = new Comparison(bound);
        try {
            body.run(comparison);
            return new Result(name, compared, comparison.error(), bound, comparison.difference());
        } catch (NativeCallException | IllegalStateException e) {
            return new Result(name, compared, Double.NaN, bound, e.getMessage());
        }
    }
}
