package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.lm.AveragedWeights;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.text.Windows;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Trains a model on a corpus: reports how it goes, validates, keeps the best model, and writes checkpoints.
 *
 * <p>What it does after a step depends on the step's number and on what a checkpoint holds, but for the times it reports, so that a run
 * that goes on from a checkpoint does the same as one that was never stopped.
 */
final class TrainingRun {
    private static final int SAMPLE_WORDS = 30;
    private static final long CHECKPOINT_NANOS = 120_000_000_000L;

    private final RunDirectory directory;
    private final Checkpoints checkpoints;
    private final Corpus corpus;
    private final Windows windows;
    private final LanguageModel model;
    private final Trainer trainer;
    private final TrainingPlan plan;
    private final Metrics metrics;
    private final TrainingView view;

    private long step;
    private int epoch;
    private long window;
    private final Progress progress;
    private float learningRate;
    private long reportedAt;
    private long reportedStep;
    private long checkpointAt;

    /** Prepares to go on from a state, which is that of the trainer. */
    TrainingRun(RunDirectory directory, Checkpoints checkpoints, Corpus corpus, Windows windows, LanguageModel model, Trainer trainer,
            TrainingPlan plan, RunState state, Metrics metrics, TrainingView view) {
        this.directory = directory;
        this.checkpoints = checkpoints;
        this.corpus = corpus;
        this.windows = windows;
        this.model = model;
        this.trainer = trainer;
        this.plan = plan;
        this.metrics = metrics;
        this.view = view;
        step = state.step();
        epoch = state.epoch();
        window = state.window();
        progress = new Progress(state, plan);
        reportedStep = step;
    }

    /**
     * Trains until all steps are done, validation no longer improves, or a signal asks to stop; a checkpoint is then there.
     *
     * @return 0, or the exit code that says which signal came
     * @throws CommandException if the loss stops being a finite number, or the gradient overflows float16 whatever the loss scale; what
     *     was saved last stays
     */
    int train() throws IOException {
        try (Interrupt interrupt = new Interrupt(view::stopping); Arena arena = Arena.ofConfined()) {
            long tokens = (long) windows.batch() * windows.seq();
            MemorySegment inputs = arena.allocate(ValueLayout.JAVA_INT, tokens);
            MemorySegment targets = arena.allocate(ValueLayout.JAVA_INT, tokens);
            reportedAt = System.nanoTime();
            checkpointAt = reportedAt;
            while (!finished()) {
                step(inputs, targets);
                afterStep();
                if (interrupt.exitCode() != 0) {
                    stop();
                    view.trained();
                    return interrupt.exitCode();
                }
            }
            view.trained();
            return 0;
        }
    }

    private boolean finished() {
        return step >= plan.steps() || stoppedEarly();
    }

    private boolean stoppedEarly() {
        return plan.patience() > 0 && progress.worse() >= plan.patience();
    }

    private void step(MemorySegment inputs, MemorySegment targets) {
        if (window == 0) {
            trainer.resetState();
        }
        // A rate of 0, which a plateau's may round to, is not one that a trainer takes.
        float rate = Math.max(Float.MIN_NORMAL, (float) (plan.learningRate() * plan.schedule().factor(step) * progress.rateScale()));
        if (rate != learningRate) {
            trainer.setLearningRate(rate);
            learningRate = rate;
        }
        windows.copy(window, inputs, targets);
        trainer.step(inputs, targets);
        view.stepped();
        step++;
        window++;
    }

    private void afterStep() throws IOException {
        boolean epochEnds = window == windows.count();
        boolean last = step == plan.steps();
        if ((window - 1) % plan.logEvery() == 0 || epochEnds || last) {
            report();
        }
        boolean validates = corpus.valid() != null && (epochEnds || last || plan.evalEvery() > 0 && step % plan.evalEvery() == 0);
        if (!validates && !epochEnds && !last && !checkpointDue()) {
            return;
        }
        requireFinite(trainer.loss());
        long begun = System.nanoTime();
        try (AveragedWeights averaged = trainer.averaged()) {
            if (validates) {
                validate();
            }
            if (epochEnds || finished()) {
                if (corpus.valid() == null) {
                    directory.save(model);
                }
                metrics.add(line().put("sample", sample()));
            }
        }
        if (epochEnds) {
            epoch++;
            window = 0;
        }
        if (epochEnds || finished() || checkpointDue()) {
            checkpoint();
        }
        reportedAt += System.nanoTime() - begun; // the rate is that of training alone
    }

    private boolean checkpointDue() {
        return plan.checkpointEvery() > 0 ? step % plan.checkpointEvery() == 0 : System.nanoTime() - checkpointAt >= CHECKPOINT_NANOS;
    }

    private void report() throws IOException {
        float loss = trainer.loss(); // waits for the step, and so belongs inside the time
        long now = System.nanoTime();
        double rate = (step - reportedStep) * windows.batch() * windows.seq() / ((now - reportedAt) / 1e9);
        requireFinite(loss);
        Float gradientNorm = trainer.skipped() ? null : (Float) trainer.gradientNorm(); // JSON has no infinity
        metrics.add(line().put("loss", loss).put("perplexity", Math.exp(loss)).put("grad_norm", gradientNorm).put("lr", learningRate)
                .put("tokens_per_second", rate));
        reportedAt = now;
        reportedStep = step;
    }

    private void validate() throws IOException {
        double loss = Measure.evaluate(model, corpus.valid()).meanLoss();
        requireFinite(loss);
        boolean averaged = progress.averages();
        boolean best = progress.validated(loss, step);
        if (best) {
            directory.save(model);
        }
        ObjectNode line = line().put("valid_perplexity", Math.exp(loss)).put("best", best);
        if (progress.averages() && !averaged) {
            trainer.startAveraging();
            line.put("averaging_starts", true);
        }
        metrics.add(line);
    }

    /**
     * Checks a loss and the last step's gradient, which unless the step was skipped would spoil the parameters: nothing that is not
     * finite is ever saved. A step that is skipped at every loss scale would be so for ever.
     */
    private void requireFinite(double loss) throws IOException {
        float gradientNorm = trainer.gradientNorm();
        if (!Double.isFinite(loss) || !Float.isFinite(gradientNorm) && !trainer.skipped()) {
            throw diverged("the loss is " + loss, gradientNorm, "a lower --lr or --clip");
        }
        if (trainer.overflowsAtEveryLossScale()) {
            throw diverged("the gradient overflows float16 at every loss scale", gradientNorm,
                    "a lower --lr or --clip, or --precision bf16 or fp32");
        }
    }

    private CommandException diverged(String what, float gradientNorm, String remedy) throws IOException {
        return new CommandException("training diverged: " + what + " at epoch " + epoch + ", step " + step + " (gradient norm "
                + gradientNorm + ", learning rate " + learningRate + "); " + checkpoints.describeNewest(step) + "; try " + remedy
                + (directory.hasModel() ? ", and --init " + directory.weights() + " to begin with the model saved last" : ""));
    }

    private String sample() {
        return Sample.text(model, corpus.vocabulary(), SAMPLE_WORDS, 1, plan.seed(), new PrintWriter(Writer.nullWriter())).strip();
    }

    private ObjectNode line() {
        return RunDirectory.object().put("epoch", epoch).put("step", step);
    }

    private void checkpoint() throws IOException {
        metrics.force();
        checkpoints.write(trainer, progress.state(step, epoch, window, metrics), plan.keep());
        checkpointAt = System.nanoTime();
    }

    /** Leaves a folder that can be gone on with, and the model as it is sampled from there: the best, or the last if none is measured. */
    private void stop() throws IOException {
        requireFinite(trainer.loss());
        checkpoint();
        try (AveragedWeights averaged = trainer.averaged()) {
            if (corpus.valid() == null) {
                directory.save(model);
            } else {
                keepModel();
            }
        }
        model.loadWeights(directory.weights());
    }

    /** Saves the model where there is none yet. */
    private void keepModel() throws IOException {
        if (!directory.hasModel()) {
            directory.save(model);
        }
    }

    /** Goes back to the model that was saved, the one that validated best, and measures it on the test text. */
    void finish(PrintWriter print) throws IOException {
        keepModel();
        model.loadWeights(directory.weights());
        if (progress.measured()) {
            print.println((stoppedEarly() ? "stopped early; " : "") + progress.describe());
        }
        if (corpus.test() != null) {
            metrics.add(RunDirectory.object().put("step", step).put("test_perplexity", Measure.perplexity(model, corpus.test())));
        }
    }

    /** Returns how far the run has come, in words. */
    String describe() {
        return "step " + step + " of " + plan.steps();
    }
}
