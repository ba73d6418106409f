package dev.gatun.examples;

import dev.gatun.lm.Optimizer;
import dev.gatun.lm.TrainingOptions;
import java.util.Locale;

/** Named configurations of a training run. */
enum Preset {
    /** Trains to a useful model in a few minutes on two cores. */
    QUICK(128, 256, 1, new TrainingOptions(20, 30, 0.5f, 0.004f, 1), 0, ScheduleOptions.Kind.CONSTANT, 0.25f, 1, 1300, 100, 300),

    /** The configuration of PyTorch's tutorial. */
    TUTORIAL(128, 1024, 1, TrainingOptions.DEFAULT, 0, ScheduleOptions.Kind.CONSTANT, 0.25f, 5, Integer.MAX_VALUE, 100, 1000),

    /**
     * The medium model of Zaremba, Sutskever and Vinyals (Recurrent neural network regularization, 2014). They sum a loss over
     * the 35 steps of a segment where it is the mean here, so that their learning rate of 1 and clipping norm of 5 are 35 and 5/35. They
     * divide the rate by 1.2 after every epoch from the seventh on; here that is done when validation no longer improves.
     */
    ZAREMBA_MEDIUM(650, 650, 2, zaremba(5, 0.5f), 0.05f, ScheduleOptions.Kind.PLATEAU, 1 / 1.2f, 39, Integer.MAX_VALUE, 100, 1000),

    /** Their large model: the learning rate and the clipping norm of 10 likewise. */
    ZAREMBA_LARGE(1500, 1500, 2, zaremba(10, 0.65f), 0.04f, ScheduleOptions.Kind.PLATEAU, 1 / 1.15f, 55, Integer.MAX_VALUE, 100, 1000);

    final int embed;
    final int hidden;
    final int layers;
    final int batch;
    final int seq;
    final int epochs;
    /** The most training steps to run, over all epochs. */
    final int steps;
    final float learningRate;
    final float clip;
    final float dropout;
    final Optimizer optimizer;
    /** First weights are uniform in ± this; 0 for PyTorch's distributions. */
    final float initScale;
    final ScheduleOptions.Kind schedule;
    /** What the schedule multiplies the learning rate by. */
    final float rateFactor;
    final int logEvery;
    final int words;

    Preset(int embed, int hidden, int layers, TrainingOptions training, float initScale, ScheduleOptions.Kind schedule, float rateFactor,
            int epochs, int steps, int logEvery, int words) {
        this.embed = embed;
        this.hidden = hidden;
        this.layers = layers;
        batch = training.batch();
        seq = training.seq();
        learningRate = training.learningRate();
        clip = training.clip();
        dropout = training.dropout();
        optimizer = training.optimizer();
        this.initScale = initScale;
        this.schedule = schedule;
        this.rateFactor = rateFactor;
        this.epochs = epochs;
        this.steps = steps;
        this.logEvery = logEvery;
        this.words = words;
    }

    private static TrainingOptions zaremba(float clip, float dropout) {
        int seq = 35;
        return new TrainingOptions(20, seq, clip / seq, seq, 1).withDropout(dropout).withOptimizer(new Optimizer.Sgd(0));
    }

    /** Returns the name as people write it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Reads a preset's name. */
    static final class Reader extends Choice<Preset> {
        Reader() {
            super(Preset.values());
        }
    }
}
