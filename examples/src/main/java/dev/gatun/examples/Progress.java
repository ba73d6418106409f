package dev.gatun.examples;

import dev.gatun.lm.Plateau;
import java.util.Locale;

/** What a run's validations have shown: which model is the best, how long there has been no better one, and the learning rate's scale. */
final class Progress {
    private Double bestLoss;
    private long bestStep;
    private int worse;
    private Plateau plateau; // or null

    /** Goes on from a state; {@code settings} are null where validation does not change the learning rate. */
    Progress(RunState state, Plateau.Settings settings) {
        bestLoss = state.bestLoss();
        bestStep = state.bestStep();
        worse = state.worse();
        if (settings != null) {
            double loss = state.plateauLoss() == null ? Double.POSITIVE_INFINITY : state.plateauLoss();
            plateau = new Plateau(settings, state.rateScale(), loss, state.plateauWorse());
        }
    }

    /** Takes a validation's mean loss, and returns whether it is the lowest so far. */
    boolean validated(double loss, long step) {
        if (plateau != null) {
            plateau = plateau.after(loss);
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

    /** Returns which model is the best, in words. */
    String describe() {
        return String.format(Locale.ROOT, "the best model is that of step %d, validation perplexity %.2f", bestStep, Math.exp(bestLoss));
    }

    /** Returns the state to go on from, of a run that stands at a step. */
    RunState state(long step, int epoch, long window, Metrics metrics) {
        boolean measured = plateau != null && plateau.best() < Double.POSITIVE_INFINITY;
        return new RunState(step, epoch, window, metrics.seconds(), metrics.lines(), bestLoss, bestStep, worse, rateScale(),
                measured ? plateau.best() : null, plateau == null ? 0 : plateau.worse());
    }
}
