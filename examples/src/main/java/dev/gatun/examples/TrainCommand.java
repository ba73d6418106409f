package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.device.Device;
import dev.gatun.examples.doctor.Environment;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import dev.gatun.lm.text.Windows;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code gatun train}: trains a model, measures it and samples from it. */
@Command(name = "train",
        description = "Trains a language model, reports its perplexity, and samples from it.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "1:the input or the machine does not serve, or training diverged", "2:the command line is wrong",
            "130:stopped by Ctrl-C, with a checkpoint, or at once by a second one; 143: by SIGTERM"},
        footerHeading = "%nExamples:%n",
        footer = {"  gatun train", "  gatun train --data wiki.txt --valid-split 0.1 --schedule cosine --warmup 200",
            "  gatun train --preset tutorial --data wiki.txt --valid valid.txt --out runs/mine",
            "  gatun train --resume runs/mine --epochs 10", "  gatun train --config runs/mine/config.json --hidden 512"})
final class TrainCommand implements Callable<Integer> {
    private static final int WORDS_WHEN_STOPPED = 30;

    @Spec
    private CommandSpec spec;

    @Option(names = "--data", paramLabel = "FILE",
            description = "The text to train on, UTF-8, a sentence a line. Default: the glosses of WordNet 3.1.")
    private Path data;

    @Option(names = "--valid", paramLabel = "FILE",
            description = "A text to measure after each epoch. Default for WordNet: every 20th gloss.")
    private Path valid;

    @Option(names = "--test", paramLabel = "FILE", description = "A text to measure at the end.")
    private Path test;

    @Option(names = "--preset", paramLabel = "NAME", defaultValue = "quick", converter = Preset.Reader.class,
            description = "The defaults of what follows: quick, a useful model in minutes; tutorial, PyTorch's; zaremba-medium or"
                    + " zaremba-large, regularised models for Penn Treebank. Default: quick.")
    private Preset preset;

    @Option(names = "--embed", paramLabel = "N", converter = Numbers.Positive.class, description = "Values a word is embedded in.")
    private Integer embed;

    @Option(names = "--hidden", paramLabel = "N", converter = Numbers.Positive.class, description = "Hidden size of a layer.")
    private Integer hidden;

    @Option(names = "--layers", paramLabel = "N", converter = Numbers.Positive.class, description = "Recurrent layers.")
    private Integer layers;

    @Mixin
    private ModelOptions kind;

    @Option(names = "--batch", paramLabel = "N", converter = Numbers.Positive.class, description = "Rows of text trained side by side.")
    private Integer batch;

    @Option(names = "--seq", paramLabel = "N", converter = Numbers.Positive.class, description = "Tokens a row advances by in a step.")
    private Integer seq;

    @Option(names = "--epochs", paramLabel = "N", converter = Numbers.Positive.class, description = "Passes over the text.")
    private Integer epochs;

    @Option(names = "--steps", paramLabel = "N", converter = Numbers.Positive.class,
            description = "The most steps to run, over all epochs. Default: the preset's, or no limit if --epochs is given.")
    private Integer steps;

    @Option(names = "--lr", paramLabel = "X", converter = Numbers.PositiveReal.class, description = "The learning rate.")
    private Float learningRate;

    @Option(names = "--clip", paramLabel = "X", converter = Numbers.NotNegativeReal.class,
            description = "The gradient's largest norm; 0: no limit.")
    private Float clip;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1",
            description = "The seed of the first weights and of the sample. Default: 1.")
    private long seed;

    @Option(names = "--init", paramLabel = "FILE", description = "First weights, as safetensors with PyTorch's names and shapes.")
    private Path init;

    @Option(names = "--out", paramLabel = "DIR", description = "The folder to write to. Default: runs/PRESET-TIME.")
    private Path out;

    @Option(names = "--log-every", paramLabel = "N", converter = Numbers.Positive.class, description = "Steps from one report to the next.")
    private Integer logEvery;

    @Option(names = "--words", paramLabel = "N", converter = Numbers.NotNegative.class, description = "Words to sample at the end.")
    private Integer words;

    @Option(names = "--graph", paramLabel = "on|off|auto", defaultValue = "auto", converter = GraphMode.Reader.class,
            description = "Whether steps are replayed as one CUDA graph (on) or made of single calls (off), which gives the same numbers"
                    + " and is slower on a GPU. Default: auto, which is on.")
    private GraphMode graph;

    @Mixin
    private TextOptions text;

    @Mixin
    private OptimizerOptions optimizer;

    @Mixin
    private PrecisionOption precision;

    @Mixin
    private ScheduleOptions schedule;

    @Mixin
    private ValidationOptions validation;

    @Mixin
    private CheckpointOptions checkpoint;

    @Mixin
    private DeviceOption device;

    @Mixin
    private DisplayOptions display;

    @Override
    public Integer call() throws IOException {
        RunDirectory directory = directory();
        applyPreset();
        kind.require(embed, hidden);
        TrainingOptions options = optimizer.apply(new TrainingOptions(batch, seq, clip, learningRate, seed, graph != GraphMode.OFF))
                .withPrecision(precision.value());
        Inputs.requireReadable(data, valid, test, checkpoint.resume == null ? init : null);
        requireUse(validation.split == null || valid == null, "--valid-split cannot be used with --valid");
        requireUse(validation.split == null || data != null, "--valid-split needs --data; WordNet's glosses have a validation text");

        PrintWriter print = display.prose(spec.commandLine().getOut());
        Device chosen = device.choose();
        try (Corpus corpus = validation.split == null ? Corpus.read(data, valid, test, text)
                : Corpus.split(data, validation.split, seed, test, text)) {
            Windows windows = windows(corpus);
            TrainingPlan plan = plan(corpus, windows);
            print.println("device: " + chosen.describe());
            if (data == null) {
                print.println("corpus: " + Glosses.CREDIT);
            }
            print.println(corpus.describe());
            print.println(windows.describe(corpus.vocabulary().size()));
            ModelConfig config = kind.config(corpus.vocabulary().size(), embed, hidden, layers);
            print.printf(Locale.ROOT, "embed %d, hidden %d, layers %d%s: %,d parameters; writing to %s%n", embed, hidden, layers,
                    kind.describe(), config.parameterCount(), directory.path());
            try (LanguageModel model = LanguageModel.create(config, seed, optimizer.initScale())) {
                if (init != null && checkpoint.resume == null) {
                    model.loadWeights(init);
                }
                int exitCode;
                try (Trainer trainer = new Trainer(model, options)) {
                    exitCode = train(directory, corpus, windows, model, trainer, plan, describe(config, chosen), print);
                }
                sample(directory, corpus, model, exitCode, print);
                return exitCode;
            }
        }
    }

    /** Returns the folder of the run, once the options of its configuration are known. */
    private RunDirectory directory() throws IOException {
        requireUse(checkpoint.resume == null || checkpoint.config == null && out == null, "--resume cannot be used with --config or --out");
        if (checkpoint.config != null) {
            Path file = checkpoint.config;
            Inputs.requireReadable(file);
            RunConfig.read(file, spec).apply(spec);
        }
        if (checkpoint.resume == null) {
            out = given(out, Path.of("runs", preset + "-" + LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"))));
            return RunDirectory.planned(out);
        }
        RunDirectory directory = RunDirectory.existing(checkpoint.resume);
        RunConfig config = RunConfig.read(directory.config(), spec);
        config.apply(spec);
        config.requireSameRun(spec);
        return directory;
    }

    private void requireUse(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    private TrainingPlan plan(Corpus corpus, Windows windows) {
        long all = Math.min(steps, epochs * windows.count());
        requireUse(corpus.valid() != null || validation.every == 0 && validation.patience == 0 && schedule.plateau(learningRate) == null
                && optimizer.averagingInterval() == 0,
                "--eval-every, --patience, --asgd-trigger and --schedule plateau need a text to validate on: --valid or --valid-split");
        return new TrainingPlan(epochs, all, learningRate, schedule.schedule(learningRate, all), schedule.plateau(learningRate),
                optimizer.averagingInterval(), logEvery, validation.every, validation.patience, checkpoint.every, checkpoint.keep, seed);
    }

    /** Trains from the beginning, or from the last checkpoint; returns the exit code. */
    private int train(RunDirectory directory, Corpus corpus, Windows windows, LanguageModel model, Trainer trainer, TrainingPlan plan,
            ObjectNode description, PrintWriter print) throws IOException {
        Checkpoints checkpoints = new Checkpoints(directory.checkpoints(), identity(corpus));
        RunState state = checkpoint.resume == null ? RunState.BEGIN : checkpoints.restore(trainer, print);
        requireUse(state.step() <= plan.steps(), "the run has done " + state.step() + " steps already, and " + plan.steps()
                + " are asked for; ask for more with --epochs or --steps");
        if (checkpoint.resume != null && state.step() == plan.steps()) {
            print.println("all " + plan.steps() + " steps are done; more --epochs, or --steps where that is the limit, extend the run");
        }
        if (checkpoint.resume == null) {
            directory.create(corpus.vocabulary(), description);
        }
        try (TrainingView view = display.open(spec.commandLine().getOut(), directory.path(), epochs, plan.steps(), state.step());
                Metrics metrics = Metrics.open(directory.metrics(), state.metricsLines(), state.seconds(), List.of(view))) {
            if (checkpoint.resume != null) {
                directory.create(corpus.vocabulary(), description); // only now, for no other process trains in the folder
            }
            TrainingRun run = new TrainingRun(directory, checkpoints, corpus, windows, model, trainer, plan, state, metrics, view);
            int exitCode = run.train();
            if (exitCode == 0) {
                run.finish(print);
            } else {
                print.println("stopped after " + run.describe() + "; go on with: gatun train --resume " + directory.path());
            }
            return exitCode;
        }
    }

    /** What a run that goes on must have in common with its checkpoints. */
    private ObjectNode identity(Corpus corpus) {
        return RunConfig.identity(spec).put("vocabulary", TextChecksum.of(corpus.vocabulary()))
                .put("training text", TextChecksum.of(corpus.train())).put("validation text", TextChecksum.of(corpus.valid()))
                .put("test text", TextChecksum.of(corpus.test()));
    }

    /** Prints what the model writes, and keeps it with a finished run. */
    private void sample(RunDirectory directory, Corpus corpus, LanguageModel model, int exitCode, PrintWriter print) throws IOException {
        boolean finished = exitCode == 0;
        String sample = Sample.text(model, corpus.vocabulary(), finished ? words : Math.min(words, WORDS_WHEN_STOPPED), 1, seed,
                display.prose(spec.commandLine().getErr()));
        if (finished) {
            directory.writeSample(sample);
        }
        DisplayOptions.writeReport(directory.path());
        print.println();
        print.print(sample);
        print.flush();
    }

    private Windows windows(Corpus corpus) {
        try {
            return new Windows(corpus.train(), batch, seq);
        } catch (IllegalArgumentException e) {
            throw new CommandException((data == null ? "" : data + ": ") + e.getMessage());
        }
    }

    /** What made the model, for people and for programs that read it. */
    private ObjectNode describe(ModelConfig config, Device chosen) {
        ObjectNode json = RunDirectory.object();
        kind.describe(json.putObject("model").put("vocabulary", config.vocabulary()).put("embed", embed).put("hidden", hidden)
                .put("layers", layers).put("parameters", config.parameterCount()));
        json.set("options", RunConfig.of(spec));
        json.putObject("corpus").put("data", text(data, Glosses.CREDIT))
                .put("valid", text(valid, heldOut())).put("test", text(test, null));
        ObjectNode environment = json.put("device", chosen.describe()).putObject("environment").put("gatun", spec.version()[0]);
        Environment.ofProcess().forEach(environment::put);
        Environment.of(chosen).forEach(environment::put);
        return json;
    }

    private String heldOut() {
        if (data == null) {
            return "every 20th gloss";
        }
        return validation.split == null ? null : validation.split + " of the lines of the training text";
    }

    private static String text(Path path, String otherwise) {
        return path == null ? otherwise : path.toString();
    }

    private void applyPreset() {
        embed = given(embed, preset.embed);
        hidden = given(hidden, preset.hidden);
        layers = given(layers, preset.layers);
        batch = given(batch, preset.batch);
        seq = given(seq, preset.seq);
        steps = given(steps, epochs == null ? preset.steps : Integer.MAX_VALUE);
        epochs = given(epochs, preset.epochs);
        learningRate = given(learningRate, preset.learningRate);
        clip = given(clip, preset.clip);
        logEvery = given(logEvery, preset.logEvery);
        words = given(words, preset.words);
        optimizer.applyPreset(preset);
        schedule.applyPreset(preset);
    }

    private static <T> T given(T option, T preset) {
        return option == null ? preset : option;
    }
}
