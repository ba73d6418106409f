package dev.gatun.examples;

import dev.gatun.lm.AveragingTrigger;
import dev.gatun.lm.Plateau;
import java.util.List;
import java.util.Locale;

/**
 * What a run's validations have shown: which model is the best, how long there has been no better one, the learning rate's scale, and
 * whether parameters are averaged.
 */
final class Progress {
    private Double bestLoss;
    private long bestStep;
    private int worse;
    private Plateau plateau; // or null
    private AveragingTrigger trigger; // or null

    /** Goes on from a state. */
    Progress(RunState state, TrainingPlan plan) {
        bestLoss = state.bestLoss();
        bestStep = state.bestStep();
        worse = state.worse();
        if (plan.plateau() != null) {
            plateau = new Plateau(plan.plateau(), state.rateScale(), orInfinite(state.plateauLoss()), state.plateauWorse());
        }
        if (plan.averagingInterval() > 0) {
            trigger = new AveragingTrigger(plan.averagingInterval(), orInfinite(state.triggerLoss()), state.triggerRecent(),
                    state.averaging());
        }
    }

    private static double orInfinite(Double loss) {
        return loss == null ? Double.POSITIVE_INFINITY : loss;
    }

    private static Double orNull(double loss) {
        return loss == Double.POSITIVE_INFINITY ? null : (Double) loss;
    }

    /** Takes a validation's mean loss, and returns whether it is the lowest so far. */
    boolean validated(double loss, long step) {
        if (plateau != null) {
            plateau = plateau.after(loss);
        }
        if (trigger != null) {
            trigger = trigger.after(loss);
        }
        if (bestLoss != null && loss >= bestLoss) {
            worse++;
            return false;
        }
        bestLoss = loss;
        bestStep = step;
        worse = 0;
        return true;
    }

    /** Returns whether there has been a validation. */
    boolean measured() {
        return bestLoss != null;
    }

    /** Returns how many validations have passed since the best one. */
    int worse() {
        return worse;
    }

    /** Returns what the learning rate is multiplied by. */
    double rateScale() {
        return plateau == null ? 1 : plateau.scale();
    }

    /** Returns whether a validation has started the averaging of parameters. */
    boolean averages() {
        return trigger != null && trigger.fired();
    }

    /** Returns which model is the best, in words. */
    String describe() {
        return String.format(Locale.ROOT, "the best model is that of step %d, validation perplexity %.2f", bestStep, Math.exp(bestLoss));
    }

    /** Returns the state to go on from, of a run that stands at a step. */
    RunState state(long step, int epoch, long window, Metrics metrics) {
        return new RunState(step, epoch, window, metrics.seconds(), metrics.lines(), bestLoss, bestStep, worse, rateScale(),
                plateau == null ? null : orNull(plateau.best()), plateau == null ? 0 : plateau.worse(), averages(),
                trigger == null ? null : orNull(trigger.best()), trigger == null ? List.of() : trigger.recent());
    }
}
