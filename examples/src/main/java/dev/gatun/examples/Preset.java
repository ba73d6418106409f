package dev.gatun.examples;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Named configurations of a training run. */
enum Preset {
    /** Trains to a useful model in a few minutes on two cores. */
    QUICK(128, 256, 20, 30, 1, 1300, 0.004f, 100, 300),

    /** The configuration of PyTorch's tutorial. */
    TUTORIAL(128, 1024, 20, 30, 5, Integer.MAX_VALUE, 0.002f, 100, 1000);

    final int embed;
    final int hidden;
    final int layers = 1;
    final int batch;
    final int seq;
    final int epochs;
    /** The most training steps to run, over all epochs. */
    final int steps;
    final float learningRate;
    final float clip = 0.5f;
    final int logEvery;
    final int words;

    Preset(int embed, int hidden, int batch, int seq, int epochs, int steps, float learningRate, int logEvery, int words) {
        this.embed = embed;
        this.hidden = hidden;
        this.batch = batch;
        this.seq = seq;
        this.epochs = epochs;
        this.steps = steps;
        this.learningRate = learningRate;
        this.logEvery = logEvery;
        this.words = words;
    }

    /** Returns the name as people write it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads a preset's name. */
    static final class Reader implements ITypeConverter<Preset> {
        @Override
        public Preset convert(String value) {
            for (Preset preset : values()) {
                if (preset.toString().equals(value)) {
                    return preset;
                }
            }
            throw new TypeConversionException("expected quick or tutorial, got '" + value + "'");
        }
    }
}
