package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.device.Device;
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
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun train}: trains a model, measures it and samples from it. */
@Command(name = "train",
        description = "Trains a language model, reports its perplexity, and samples from it.")
final class TrainCommand implements Callable<Integer> {
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

    @Option(names = "--preset", paramLabel = "quick|tutorial", defaultValue = "quick", converter = Preset.Reader.class,
            description = "The defaults of what follows: quick, a useful model in minutes, or tutorial, PyTorch's. Default: quick.")
    private Preset preset;

    @Option(names = "--embed", paramLabel = "N", converter = Numbers.Positive.class, description = "Values a word is embedded in.")
    private Integer embed;

    @Option(names = "--hidden", paramLabel = "N", converter = Numbers.Positive.class, description = "Hidden size of the LSTM.")
    private Integer hidden;

    @Option(names = "--layers", paramLabel = "N", converter = Numbers.Positive.class, description = "LSTM layers.")
    private Integer layers;

    @Option(names = "--batch", paramLabel = "N", converter = Numbers.Positive.class, description = "Rows of text trained side by side.")
    private Integer batch;

    @Option(names = "--seq", paramLabel = "N", converter = Numbers.Positive.class, description = "Tokens a row advances by in a step.")
    private Integer seq;

    @Option(names = "--epochs", paramLabel = "N", converter = Numbers.Positive.class, description = "Passes over the text.")
    private Integer epochs;

    @Option(names = "--steps", paramLabel = "N", converter = Numbers.Positive.class,
            description = "The most steps to run, over all epochs.")
    private Integer steps;

    @Option(names = "--lr", paramLabel = "X", converter = Numbers.PositiveReal.class, description = "Adam's learning rate.")
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
    private DeviceOption device;

    @Override
    public Integer call() throws IOException {
        applyPreset();
        PrintWriter print = spec.commandLine().getOut();
        RunDirectory directory = RunDirectory.planned(out);
        Inputs.requireReadable(data, valid, test, init);

        Device chosen = device.choose();
        print.println("device: " + chosen.describe());
        if (data == null) {
            print.println("corpus: " + Glosses.CREDIT);
        }
        try (Corpus corpus = Corpus.read(data, valid, test)) {
            print.println(windows(corpus).describe(corpus.vocabulary().size()));
            ModelConfig config = new ModelConfig(corpus.vocabulary().size(), embed, hidden, layers);
            print.printf(Locale.ROOT, "embed %d, hidden %d, layers %d: %,d parameters; writing to %s%n", embed, hidden, layers,
                    config.parameterCount(), out);
            try (LanguageModel model = LanguageModel.create(config, seed)) {
                if (init != null) {
                    model.loadWeights(init);
                }
                TrainingOptions options = new TrainingOptions(batch, seq, clip, learningRate, seed, graph != GraphMode.OFF);
                try (Trainer trainer = new Trainer(model, options)) {
                    directory.create(corpus.vocabulary(), describe(config, chosen));
                    new TrainingRun(directory, model, trainer, options, print).train(corpus, epochs, steps, logEvery);
                }
                String sample = Sample.text(model, corpus.vocabulary(), words, 1, seed, spec.commandLine().getErr());
                directory.writeSample(sample);
                print.println();
                print.print(sample);
                print.flush();
            }
        }
        return 0;
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
        json.putObject("model").put("vocabulary", config.vocabulary()).put("embed", embed).put("hidden", hidden).put("layers", layers);
        json.putObject("training").put("preset", preset.toString()).put("batch", batch).put("seq", seq).put("epochs", epochs)
                .put("steps", steps).put("learning_rate", learningRate).put("clip", clip).put("seed", seed).put("init", text(init, null))
                .put("graph", graph.toString());
        json.putObject("corpus").put("data", text(data, Glosses.CREDIT))
                .put("valid", text(valid, data == null ? "every 20th gloss" : null)).put("test", text(test, null));
        return json.put("device", chosen.describe());
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
        epochs = given(epochs, preset.epochs);
        steps = given(steps, preset.steps);
        learningRate = given(learningRate, preset.learningRate);
        clip = given(clip, preset.clip);
        logEvery = given(logEvery, preset.logEvery);
        words = given(words, preset.words);
        out = given(out, Path.of("runs", preset + "-" + LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"))));
    }

    private static <T> T given(T option, T preset) {
        return option == null ? preset : option;
    }
}
