package dev.gatun.examples;

import dev.gatun.lm.Plateau;
import dev.gatun.lm.Schedule;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options on how the learning rate changes. */
final class ScheduleOptions {
    /** The values of {@code --schedule}. */
    enum Kind {
        CONSTANT, COSINE, PLATEAU, STEPS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Reads a value as people write it. */
        static final class Reader extends Choice<Kind> {
            Reader() {
                super(Kind.values());
            }
        }
    }

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--schedule", paramLabel = "constant|cosine|plateau|steps", converter = Kind.Reader.class,
            description = "How --lr changes: not at all; along half a cosine to --lr-min at the last step; times --lr-factor whenever"
                    + " validation has not improved --lr-patience times, and once more, in a row; or times --lr-factor after each of"
                    + " --lr-steps. Default: constant; plateau for zaremba.")
    private Kind kind;

    @Option(names = "--warmup", paramLabel = "N", defaultValue = "0", converter = Numbers.NotNegative.class,
            description = "First raise the rate in a straight line over N steps. Default: 0.")
    private int warmup;

    @Option(names = "--lr-factor", paramLabel = "X", converter = Numbers.Fraction.class,
            description = "See --schedule. Default: 0.25; zaremba: 0.833 and 0.87.")
    private Float factor;

    @Option(names = "--lr-patience", paramLabel = "N", defaultValue = "0", converter = Numbers.NotNegative.class,
            description = "See --schedule. Default: 0.")
    private int patience;

    @Option(names = "--lr-min", paramLabel = "X", defaultValue = "0", converter = Numbers.NotNegativeReal.class,
            description = "The rate that cosine and plateau do not fall below. Default: 0.")
    private float minimum;

    @Option(names = "--lr-steps", paramLabel = "N", split = ",", converter = Numbers.Positive.class,
            description = "Steps of --schedule steps, separated by commas.")
    private List<Integer> milestones;

    /** Takes what was not given from a preset. */
    void applyPreset(Preset preset) {
        kind = kind == null ? preset.schedule : kind;
        factor = factor == null ? preset.rateFactor : factor;
    }

    /**
     * Returns the factor on the learning rate for each step.
     *
     * @param learningRate the first one
     * @param steps how many the run has
     * @throws ParameterException if options contradict each other
     */
    Schedule schedule(float learningRate, long steps) {
        if (minimum > learningRate) {
            throw new ParameterException(spec.commandLine(), "--lr-min " + minimum + " is above --lr " + learningRate);
        }
        if (kind == Kind.STEPS && (milestones == null || milestones.stream().anyMatch(step -> step <= warmup))) {
            throw new ParameterException(spec.commandLine(),
                    "--schedule steps needs --lr-steps, the steps after which the rate changes, all after the warm-up");
        }
        Schedule schedule = switch (kind) {
            case CONSTANT, PLATEAU -> Schedule.constant();
            case COSINE -> Schedule.cosine(Math.max(1, steps - warmup), minimum / (double) learningRate);
            case STEPS -> Schedule.steps(factor, milestones.stream().map(step -> (long) step - warmup).toList());
        };
        return schedule.afterWarmup(warmup);
    }

    /** Returns what a plateau does, or null where validation changes nothing. */
    Plateau.Settings plateau(float learningRate) {
        return kind == Kind.PLATEAU ? new Plateau.Settings(factor, patience, minimum / (double) learningRate) : null;
    }
}
