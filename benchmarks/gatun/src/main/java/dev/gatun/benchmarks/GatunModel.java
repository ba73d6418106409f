package dev.gatun.benchmarks;

import dev.gatun.device.Device;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Sampler;
import dev.gatun.lm.SamplingOptions;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The language model in Gatun, as a program that links the library has it. */
public final class GatunModel {
    private GatunModel() {}

    private static void copyIds(Task task, int step, int shift, MemorySegment to) {
        for (int t = 0; t < task.seq; t++) {
            for (int row = 0; row < task.batch; row++) {
                to.setAtIndex(ValueLayout.JAVA_INT, (long) t * task.batch + row, task.id(step, row, t + shift));
            }
        }
    }

    private static void train(Task task, LanguageModel model) {
        TrainingOptions options = new TrainingOptions(task.batch, task.seq, task.clip, task.learningRate, 1);
        try (Trainer trainer = new Trainer(model, options); Arena arena = Arena.ofConfined()) {
            MemorySegment inputs = arena.allocate(ValueLayout.JAVA_INT, (long) task.seq * task.batch);
            MemorySegment targets = arena.allocate(ValueLayout.JAVA_INT, (long) task.seq * task.batch);
            for (int step = 0; step < task.steps; step++) {
                long start = System.nanoTime();
                copyIds(task, step, 0, inputs);
                copyIds(task, step, 1, targets);
                trainer.step(inputs, targets);
                Task.step(start, trainer.loss());
            }
        }
    }

    private static void sample(Task task, LanguageModel model) {
        try (Sampler sampler = new Sampler(model)) {
            for (int text = 0; text < task.steps; text++) {
                long start = System.nanoTime();
                sampler.sample(new int[0], task.seq, SamplingOptions.DEFAULT.withBatch(task.batch).withSeed(text), (row, id) -> true);
                Task.text(start);
            }
        }
    }

    /** Runs one {@link Task}. */
    public static void main(String[] args) throws IOException {
        Task task = Task.of(args);
        try (LanguageModel model = LanguageModel.create(new ModelConfig(task.vocabulary, task.embed, task.hidden, task.layers), 1)) {
            Task.about("Gatun, " + Device.current().describe());
            if (task.samples) {
                sample(task, model);
            } else {
                train(task, model);
            }
        }
    }
}
