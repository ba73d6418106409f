package dev.gatun.lm;

import java.util.List;

/**
 * A learning rate that changes from step to step: what the first learning rate is multiplied by. Schedules are pure functions,
 * so that a run that goes on from any step needs no more than the step's number.
 */
@FunctionalInterface
public interface Schedule {
    /** Returns the factor for a step, 0 the first. */
    double factor(long step);

    /** Returns 1 for every step. */
    static Schedule constant() {
        return step -> 1;
    }

    /**
     * Falls from 1 to {@code minimum} along half a cosine over {@code steps} steps and stays there
     * (Loshchilov and Hutter, SGDR, 2017, without restarts; PyTorch's CosineAnnealingLR).
     *
     * @throws IllegalArgumentException if {@code steps} is below 1, or {@code minimum} is not in [0, 1]
     */
    static Schedule cosine(long steps, double minimum) {
        Check.atLeast(1, steps, "steps");
        Check.that(minimum >= 0 && minimum <= 1, "minimum must be in [0, 1]", minimum);
        return step -> minimum + (1 - minimum) * (1 + Math.cos(Math.PI * Math.min(step, steps) / steps)) / 2;
    }

    /**
     * Multiplies by {@code factor} at each milestone that has been reached, as PyTorch's MultiStepLR does.
     *
     * @param milestones numbers of steps done
     * @throws IllegalArgumentException if {@code factor} is not above 0 and finite, or a milestone is below 1
     */
    static Schedule steps(double factor, List<Long> milestones) {
        Check.that(factor > 0 && factor < Double.POSITIVE_INFINITY, "factor must be a positive finite number", factor);
        milestones.forEach(milestone -> Check.atLeast(1, milestone, "a milestone"));
        List<Long> copy = List.copyOf(milestones);
        return step -> Math.pow(factor, copy.stream().filter(milestone -> milestone <= step).count());
    }

    /**
     * Puts a linear warm-up before this schedule: 1/n, 2/n, … over the first {@code n} steps; then this schedule from its
     * beginning.
     *
     * @param n steps of warming up; 0 for none
     * @throws IllegalArgumentException if {@code n} is below 0
     */
    default Schedule afterWarmup(long n) {
        Check.atLeast(0, n, "the steps of warming up");
        return step -> step < n ? (step + 1.0) / n : factor(step - n);
    }
}
