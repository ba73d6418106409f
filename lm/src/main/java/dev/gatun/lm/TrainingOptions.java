package dev.gatun.lm;

import java.util.Objects;

/**
 * How a model is trained. The loss is the mean cross-entropy over a segment's tokens, gradients are clipped to a global
 * norm, and an {@link Optimizer} updates the parameters: Adam with PyTorch's defaults unless another is given.
 *
 * @param batch rows of text trained side by side
 * @param seq tokens a row advances by in one step; the length of truncated back-propagation through time
 * @param clip the largest global L2 norm of the gradient, which a longer one is scaled down to; 0 for no clipping
 * @param learningRate the learning rate of the first step; {@link Trainer#setLearningRate} changes it
 * @param seed the run's seed: of the dropout masks, and for {@link LanguageModel#create}
 * @param graph whether steps after the first are replayed as one CUDA graph; the computed values are the same
 * @param dropout the share of values that are dropped in training on the way into, between and out of the LSTM's layers; the rest
 *     is scaled up by 1 / (1 - dropout). 0 for none
 * @param optimizer how the parameters follow the gradients
 * @param precision what the tensors of a step are stored and multiplied in
 */
public record TrainingOptions(int batch, int seq, float clip, float learningRate, long seed, boolean graph, float dropout,
        Optimizer optimizer, Precision precision) {
    /** The tutorial's: batch 20, 30 tokens, clip 0.5, learning rate 0.002, seed 1, with a graph. */
    public static final TrainingOptions DEFAULT = new TrainingOptions(20, 30, 0.5f, 0.002f, 1);

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if {@code batch} or {@code seq} is below 1, {@code clip} is negative or not finite,
     *     {@code learningRate} is not a positive finite number, or {@code dropout} is not in [0, 1); the message names the value
     * @throws NullPointerException if {@code optimizer} is null
     */
    public TrainingOptions {
        Check.atLeast(1, batch, "batch");
        Check.atLeast(1, seq, "seq");
        Check.fitsInt((long) batch * seq, "batch * seq");
        Check.that(clip >= 0 && clip < Float.POSITIVE_INFINITY, "clip must be a finite number of at least 0 (0: no clipping)", clip);
        Check.learningRate(learningRate);
        Check.that(dropout >= 0 && dropout < 1, "dropout must be at least 0 and below 1", dropout);
        Objects.requireNonNull(optimizer, "optimizer");
        Objects.requireNonNull(precision, "precision");
    }

    /** Makes options for FP32. */
    public TrainingOptions(int batch, int seq, float clip, float learningRate, long seed, boolean graph, float dropout,
            Optimizer optimizer) {
        this(batch, seq, clip, learningRate, seed, graph, dropout, optimizer, Precision.FP32);
    }

    /** Makes options for FP32 without dropout, for Adam with PyTorch's defaults. */
    public TrainingOptions(int batch, int seq, float clip, float learningRate, long seed, boolean graph) {
        this(batch, seq, clip, learningRate, seed, graph, 0, Optimizer.Adam.DEFAULT);
    }

    /** Makes options for FP32 without dropout, for Adam with PyTorch's defaults, whose steps are replayed as a CUDA graph. */
    public TrainingOptions(int batch, int seq, float clip, float learningRate, long seed) {
        this(batch, seq, clip, learningRate, seed, true);
    }

    /** Returns these options with another batch. */
    public TrainingOptions withBatch(int batch) {
        return new TrainingOptions(batch, seq, clip, learningRate, seed, graph, dropout, optimizer, precision);
    }

    /** Returns these options with another segment length. */
    public TrainingOptions withSeq(int seq) {
        return new TrainingOptions(batch, seq, clip, learningRate, seed, graph, dropout, optimizer, precision);
    }

    /** Returns these options with another clipping norm. */
    public TrainingOptions withClip(float clip) {
        return new TrainingOptions(batch, seq, clip, learningRate, seed, graph, dropout, optimizer, precision);
    }

    /** Returns these options with another first learning rate. */
    public TrainingOptions withLearningRate(float learningRate) {
        return new TrainingOptions(batch, seq, clip, learningRate, seed, graph, dropout, optimizer, precision);
    }

    /** Returns these options with another seed. */
    public TrainingOptions withSeed(long seed) {
        return new TrainingOptions(batch, seq, clip, learningRate, seed, graph, dropout, optimizer, precision);
    }

    /** Returns these options with another choice of a graph. */
    public TrainingOptions withGraph(boolean graph) {
        return new TrainingOptions(batch, seq, clip, learningRate, seed, graph, dropout, optimizer, precision);
    }

    /** Returns these options with another dropout. */
    public TrainingOptions withDropout(float dropout) {
        return new TrainingOptions(batch, seq, clip, learningRate, seed, graph, dropout, optimizer, precision);
    }

    /** Returns these options with another optimiser. */
    public TrainingOptions withOptimizer(Optimizer optimizer) {
        return new TrainingOptions(batch, seq, clip, learningRate, seed, graph, dropout, optimizer, precision);
    }

    /** Returns these options with another precision. */
    public TrainingOptions withPrecision(Precision precision) {
        return new TrainingOptions(batch, seq, clip, learningRate, seed, graph, dropout, optimizer, precision);
    }
}
