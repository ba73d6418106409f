package dev.gatun.examples;

import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.Sampler;
import dev.gatun.lm.SamplingOptions;
import dev.gatun.lm.text.TextWriter;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun sample}: writes texts with a trained model, word by word as they come. */
@Command(name = "sample", description = "Writes texts with a trained model.")
final class SampleCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--model", paramLabel = "DIR", required = true, description = "The folder that gatun train wrote.")
    private Path model;

    @Option(names = "--prompt", paramLabel = "TEXT", defaultValue = "",
            description = "Words to go on from, which the text begins with. Default: a word drawn at random, which it does not.")
    private String prompt;

    @Option(names = "--words", paramLabel = "N", defaultValue = "1000", converter = Numbers.NotNegative.class,
            description = "The most words to write, line ends included. Default: 1000.")
    private int words;

    @Option(names = "--lines", paramLabel = "N", converter = Numbers.Positive.class,
            description = "Ends a text at its N-th line end, if that comes before its last word. Default: no limit.")
    private Integer lines;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "1", converter = Numbers.Positive.class,
            description = "Texts to write, with an empty line between them. Default: 1.")
    private int batch;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Another seed gives another text. Default: 1.")
    private long seed;

    @Option(names = "--temperature", paramLabel = "X", defaultValue = "1", converter = Numbers.PositiveReal.class,
            description = "Below 1: likelier words; above 1: more surprising ones. Default: 1.")
    private float temperature;

    @Option(names = "--top-k", paramLabel = "N", defaultValue = "0", converter = Numbers.NotNegative.class,
            description = "Draws from the N likeliest words; 0: from all. Default: 0.")
    private int topK;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "1", converter = Numbers.Share.class,
            description = "Draws from the likeliest words that together have the probability P. Default: 1, from all.")
    private float topP;

    @Option(names = "--greedy", description = "Takes the likeliest word each time.")
    private boolean greedy;

    @Option(names = "--out", paramLabel = "FILE", description = "The file to write, or replace. Default: the standard output.")
    private Path out;

    @Mixin
    private DeviceOption device;

    @Override
    public Integer call() throws IOException {
        RunDirectory directory = new RunDirectory(model);
        Vocabulary vocabulary = directory.readVocabulary();
        int[] ids = Inputs.encode(prompt, vocabulary, "--prompt");
        device.choose();
        try (LanguageModel loaded = directory.load(vocabulary)) {
            if (out == null) {
                PrintWriter print = spec.commandLine().getOut();
                write(loaded, vocabulary, ids, print);
                print.flush();
            } else {
                AtomicFile.write(out, file -> {
                    try (Writer writer = Files.newBufferedWriter(file)) {
                        write(loaded, vocabulary, ids, writer);
                    }
                });
            }
        }
        return 0;
    }

    /** Writes the first text as its words come, and the others, which are drawn beside it, when all are done. */
    private void write(LanguageModel loaded, Vocabulary vocabulary, int[] ids, Writer to) throws IOException {
        List<StringBuilder> others = new ArrayList<>();
        List<TextWriter> texts = new ArrayList<>();
        for (int row = 0; row < batch; row++) {
            StringBuilder text = new StringBuilder();
            others.add(text);
            TextWriter writer = new TextWriter(vocabulary, row == 0 ? to : text);
            for (int id : ids) {
                writer.word(id);
            }
            texts.add(writer);
        }
        int[] lineEnds = new int[batch];
        long[] written = {0};
        long start = System.nanoTime();
        if (words > 0) {
            try (Sampler sampler = new Sampler(loaded)) {
                SamplingOptions options = new SamplingOptions(temperature, topK, topP, greedy, seed, batch);
                sampler.sample(ids, words, options, (row, id) -> {
                    texts.get(row).word(id);
                    if (row == 0 && out == null) {
                        flush(to);
                    }
                    written[0]++;
                    lineEnds[row] += vocabulary.word(id).equals(vocabulary.tokenizer().lineEnd()) ? 1 : 0;
                    return lines == null || lineEnds[row] < lines;
                });
            }
        }
        if (out != null) {
            spec.commandLine().getErr().printf(Locale.ROOT, "sampled %d words, %.1f words/s%n", written[0],
                    1e9 * written[0] / (System.nanoTime() - start));
        }
        for (int row = 0; row < batch; row++) {
            texts.get(row).endLine();
            to.append(row > 0 ? "\n" : "").append(row > 0 ? others.get(row) : "");
        }
    }

    /** Shows on a terminal what was written. */
    private static void flush(Writer to) {
        try {
            to.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
