package dev.gatun.lm;

/**
 * How a model is trained. The loss is the mean cross-entropy over a segment's tokens, gradients are clipped to a global
 * norm, and the optimiser is Adam with PyTorch's defaults: betas 0.9 and 0.999, epsilon 1e-8, no weight decay.
 *
 * @param batch rows of text trained side by side
 * @param seq tokens a row advances by in one step; the length of truncated back-propagation through time
 * @param clip the largest global L2 norm of the gradient, which a longer one is scaled down to; 0 for no clipping
 * @param learningRate Adam's learning rate for the first step; {@link Trainer#setLearningRate} changes it
 * @param seed the run's seed, for {@link LanguageModel#create}; a training step itself draws no random number
 * @param graph whether steps after the first are replayed as one CUDA graph; the computed values are the same
 */
public record TrainingOptions(int batch, int seq, float clip, float learningRate, long seed, boolean graph) {
    /** The tutorial's: batch 20, 30 tokens, clip 0.5, learning rate 0.002, seed 1, with a graph. */
    public static final TrainingOptions DEFAULT = new TrainingOptions(20, 30, 0.5f, 0.002f, 1);

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if {@code batch} or {@code seq} is below 1, {@code clip} is negative or not finite, or
     *     {@code learningRate} is not a positive finite number; the message names the value
     */
    public TrainingOptions {
        Check.atLeast(1, batch, "batch");
        Check.atLeast(1, seq, "seq");
        Check.fitsInt((long) batch * seq, "batch * seq");
        Check.that(clip >= 0 && clip < Float.POSITIVE_INFINITY, "clip must be a finite number of at least 0 (0: no clipping)", clip);
        Check.learningRate(learningRate);
    }

    /** Makes options whose steps are replayed as a CUDA graph. */
    public TrainingOptions(int batch, int seq, float clip, float learningRate, long seed) {
        this(batch, seq, clip, learningRate, seed, true);
    }
}
