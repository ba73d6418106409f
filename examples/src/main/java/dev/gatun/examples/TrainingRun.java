package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import dev.gatun.lm.text.Windows;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/** Trains a model on a corpus, reports how it goes, and saves the model after each epoch. */
final class TrainingRun {
    private final RunDirectory directory;
    private final LanguageModel model;
    private final Trainer trainer;
    private final TrainingOptions options;
    private final PrintWriter print;

    TrainingRun(RunDirectory directory, LanguageModel model, Trainer trainer, TrainingOptions options, PrintWriter print) {
        this.directory = directory;
        this.model = model;
        this.trainer = trainer;
        this.options = options;
        this.print = print;
    }

    /**
     * Trains for a number of epochs, or until {@code steps} steps are done; reports every {@code logEvery} steps and at the last.
     *
     * @throws CommandException if the loss stops being a finite number; the model saved last stays
     */
    void train(Corpus corpus, int epochs, long steps, int logEvery) throws IOException {
        Windows windows = new Windows(corpus.train(), options.batch(), options.seq());
        long left = steps;
        for (int epoch = 1; epoch <= epochs && left > 0; epoch++) {
            long count = Math.min(windows.count(), left);
            String title = "Epoch [" + epoch + "/" + epochs + "]";
            trainEpoch(windows, epoch, title, count, logEvery);
            directory.save(model);
            if (corpus.valid() != null) {
                double perplexity = Measure.perplexity(model, corpus.valid());
                print.printf(Locale.ROOT, "%s, validation perplexity: %.2f%n", title, perplexity);
                directory.addMetrics(RunDirectory.object().put("epoch", epoch).put("valid_perplexity", perplexity));
            }
            left -= count;
        }
        if (corpus.test() != null) {
            double perplexity = Measure.perplexity(model, corpus.test());
            print.printf(Locale.ROOT, "Test perplexity: %.2f%n", perplexity);
            directory.addMetrics(RunDirectory.object().put("test_perplexity", perplexity));
        }
    }

    private void trainEpoch(Windows windows, int epoch, String title, long count, int logEvery) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment inputs = arena.allocate(ValueLayout.JAVA_INT, (long) options.batch() * options.seq());
            MemorySegment targets = arena.allocate(ValueLayout.JAVA_INT, (long) options.batch() * options.seq());
            trainer.resetState();
            long reportedAt = System.nanoTime();
            long firstUnreported = 0;
            for (long step = 0; step < count; step++) {
                windows.copy(step, inputs, targets);
                trainer.step(inputs, targets);
                if (step % logEvery == 0 || step == count - 1) {
                    float loss = trainer.loss(); // waits for the step, and so belongs inside the time
                    long now = System.nanoTime();
                    double rate = (step + 1 - firstUnreported) * options.batch() * options.seq() / ((now - reportedAt) / 1e9);
                    report(epoch, title, step, count, loss, trainer.gradientNorm(), rate);
                    reportedAt = now;
                    firstUnreported = step + 1;
                }
            }
        }
    }

    private void report(int epoch, String title, long step, long count, float loss, float gradientNorm, double rate) throws IOException {
        if (!Float.isFinite(loss)) {
            throw new CommandException("training diverged: the loss is " + loss + " at epoch " + epoch + ", step " + step
                    + " (gradient norm " + gradientNorm + ", learning rate " + options.learningRate() + "); try a lower --lr or --clip");
        }
        double perplexity = Math.exp(loss);
        print.printf(Locale.ROOT, "%s, Step [%d/%d], Loss: %.4f, Perplexity: %.2f, %.0f words/s%n", title, step, count, loss, perplexity,
                rate);
        ObjectNode line = RunDirectory.object().put("epoch", epoch).put("step", step).put("loss", loss).put("perplexity", perplexity)
                .put("grad_norm", gradientNorm).put("lr", options.learningRate()).put("tokens_per_second", rate);
        directory.addMetrics(line);
    }
}
