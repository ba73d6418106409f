package dev.gatun.lm;

/**
 * Lowers the learning rate when the validation loss stops falling: PyTorch's ReduceLROnPlateau in its default mode, as an
 * immutable value that each validation turns into the next.
 *
 * @param settings when and by how much
 * @param scale what the learning rate is multiplied by now
 * @param best the lowest loss so far that was lower by more than the threshold; infinite before the first
 * @param worse validations since then, or since the scale was last lowered
 */
public record Plateau(Settings settings, double scale, double best, int worse) {
    /** By which share of the best loss a lower one must be lower to count; PyTorch's default. */
    private static final double THRESHOLD = 1e-4;

    /**
     * When the learning rate is lowered and by how much.
     *
     * @param factor what the scale is multiplied by
     * @param patience how many validations without a lower loss are borne; the next one lowers the scale
     * @param minimum the least scale
     */
    public record Settings(double factor, int patience, double minimum) {
        /**
         * Checks the values.
         *
         * @throws IllegalArgumentException if {@code factor} is not in (0, 1), {@code patience} is negative, or {@code minimum} is
         *     not in [0, 1]
         */
        public Settings {
            Check.that(factor > 0 && factor < 1, "factor must be in (0, 1)", factor);
            Check.atLeast(0, patience, "patience");
            Check.that(minimum >= 0 && minimum <= 1, "minimum must be in [0, 1]", minimum);
        }
    }

    /** Before the first validation: a scale of 1. */
    public Plateau(Settings settings) {
        this(settings, 1, Double.POSITIVE_INFINITY, 0);
    }

    /** Returns what follows from a validation's mean loss. */
    public Plateau after(double loss) {
        if (loss < best * (1 - THRESHOLD)) {
            return new Plateau(settings, scale, loss, 0);
        }
        if (worse < settings.patience) {
            return new Plateau(settings, scale, best, worse + 1);
        }
        return new Plateau(settings, Math.max(scale * settings.factor, settings.minimum), best, 0);
    }
}
