package dev.gatun.lm;

/** Argument checks whose messages name the argument, the rule and the value. */
final class Check {
    private Check() {}

    static void that(boolean holds, String rule, Object value) {
        if (!holds) {
            throw new IllegalArgumentException(rule + ", got " + value);
        }
    }

    static void atLeast(long least, long value, String name) {
        that(value >= least, name + " must be at least " + least, value);
    }

    /** Element counts reach kernels and libraries as 32-bit integers. */
    static void fitsInt(long value, String name) {
        that(value <= Integer.MAX_VALUE, name + " must be at most " + Integer.MAX_VALUE, value);
    }

    static void weightDecay(float value) {
        that(value >= 0 && value < Float.POSITIVE_INFINITY, "the weight decay must be a finite number of at least 0", value);
    }

    static void learningRate(float value) {
        that(value > 0 && value < Float.POSITIVE_INFINITY, "the learning rate must be a positive finite number", value);
    }
}
