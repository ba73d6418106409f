package dev.gatun.lm;

import java.util.ArrayList;
import java.util.List;

/**
 * Says when {@link Trainer#startAveraging} is due: the non-monotonic trigger of NT-ASGD (Merity, Keskar and Socher, Regularizing and
 * optimizing LSTM language models, 2018), as an immutable value that each validation turns into the next. It fires at the first
 * validation whose loss is above the lowest of those more than {@code interval} validations before, which is what the authors' program
 * compares with.
 *
 * @param interval validations that are not compared with, the non-monotone interval n; at least 0
 * @param best the lowest loss before those of {@code recent}; infinite where there is none
 * @param recent the last losses, oldest first, {@code interval} of them at most
 * @param fired whether averaging is due, or was before; no validation changes anything then
 */
public record AveragingTrigger(int interval, double best, List<Double> recent, boolean fired) {
    /**
     * Copies the losses.
     *
     * @throws IllegalArgumentException if the interval is negative
     */
    public AveragingTrigger {
        Check.atLeast(0, interval, "interval");
        recent = List.copyOf(recent);
    }

    /**
     * Before the first validation.
     *
     * @throws IllegalArgumentException if the interval is negative
     */
    public AveragingTrigger(int interval) {
        this(interval, Double.POSITIVE_INFINITY, List.of(), false);
    }

    /** Returns what follows from a validation's mean loss. */
    public AveragingTrigger after(double loss) {
        if (fired || loss > best) {
            return new AveragingTrigger(interval, best, recent, true);
        }
        List<Double> losses = new ArrayList<>(recent);
        losses.add(loss);
        double lowest = best;
        while (losses.size() > interval) {
            lowest = Math.min(lowest, losses.removeFirst());
        }
        return new AveragingTrigger(interval, lowest, losses, false);
    }
}
