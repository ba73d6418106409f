package dev.gatun.examples;

import dev.gatun.lm.Optimizer;
import dev.gatun.lm.TrainingOptions;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How {@code gatun train} regularises a model and moves its parameters; what is not given is the preset's. */
final class OptimizerOptions {
    private enum Kind {
        ADAM, ADAMW, SGD, ASGD;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** PyTorch's default for AdamW. */
    private static final float ADAMW_DECAY = 0.01f;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--dropout", paramLabel = "X", converter = Numbers.BelowOne.class,
            description = "The share of values dropped in training around and between the LSTM layers; 0: none.")
    private Float dropout;

    @Option(names = "--optimizer", paramLabel = "adam|adamw|sgd|asgd", converter = KindReader.class,
            description = "How parameters follow gradients: Adam, Adam with decoupled weight decay, gradient descent, or the same with"
                    + " the parameters averaged, from the first step on or from --asgd-trigger. Set --lr to suit it.")
    private Kind kind;

    @Option(names = "--asgd-trigger", paramLabel = "N", defaultValue = "0", converter = Numbers.NotNegative.class,
            description = "Let asgd average only from the validation on that is worse than the best of those more than N validations"
                    + " before (NT-ASGD). Default: 0, which is from the first step.")
    private int trigger;

    @Option(names = "--weight-decay", paramLabel = "X", converter = Numbers.NotNegativeReal.class,
            description = "Weight decay of adamw (default 0.01), sgd and asgd (default 0).")
    private Float weightDecay;

    @Option(names = "--init-scale", paramLabel = "X", converter = Numbers.NotNegativeReal.class,
            description = "First weights are drawn evenly from -X to X; 0: as PyTorch does.")
    private Float initScale;

    /** Takes what was not given from a preset. */
    void applyPreset(Preset preset) {
        dropout = dropout == null ? preset.dropout : dropout;
        kind = kind == null ? kindOf(preset.optimizer) : kind;
        initScale = initScale == null ? preset.initScale : initScale;
        weightDecay = weightDecay == null ? kind == Kind.ADAMW ? ADAMW_DECAY : 0 : weightDecay;
    }

    /**
     * Returns training options with the dropout and the optimiser that were asked for.
     *
     * @throws ParameterException if something is asked for that the optimiser does not have
     */
    TrainingOptions apply(TrainingOptions options) {
        if (trigger > 0 && kind != Kind.ASGD) {
            throw new ParameterException(command.commandLine(), "--asgd-trigger needs --optimizer asgd, for " + kind
                    + " averages no parameters");
        }
        return options.withDropout(dropout).withOptimizer(optimizer());
    }

    /** Returns the range that first weights are drawn from, or 0 for PyTorch's distributions. */
    float initScale() {
        return initScale;
    }

    /** Returns the interval of the validations that start averaging, or 0 where it starts with the first step or never. */
    int averagingInterval() {
        return trigger;
    }

    private Optimizer optimizer() {
        Optimizer.Adam adam = Optimizer.Adam.DEFAULT;
        return switch (kind) {
            case ADAM -> {
                if (weightDecay > 0) {
                    throw new ParameterException(command.commandLine(),
                            "adam has no weight decay; use --optimizer adamw, sgd or asgd with --weight-decay");
                }
                yield adam;
            }
            case ADAMW -> new Optimizer.Adam(adam.beta1(), adam.beta2(), adam.epsilon(), weightDecay);
            case SGD -> new Optimizer.Sgd(weightDecay);
            case ASGD -> new Optimizer.AveragedSgd(weightDecay, trigger == 0 ? 0 : Optimizer.AveragedSgd.NOT_YET);
        };
    }

    private static Kind kindOf(Optimizer optimizer) {
        return switch (optimizer) {
            case Optimizer.Adam adam -> adam.weightDecay() > 0 ? Kind.ADAMW : Kind.ADAM;
            case Optimizer.Sgd _ -> Kind.SGD;
            case Optimizer.AveragedSgd _ -> Kind.ASGD;
        };
    }

    private static final class KindReader extends Choice<Kind> {
        KindReader() {
            super(Kind.values());
        }
    }
}
