package dev.gatun.examples;

import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun sample}: writes a text with a trained model. */
@Command(name = "sample", description = "Writes a text with a trained model.")
final class SampleCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--model", paramLabel = "DIR", required = true, description = "The folder that gatun train wrote.")
    private Path model;

    @Option(names = "--words", paramLabel = "N", defaultValue = "1000", converter = Numbers.NotNegative.class,
            description = "Words to write, line ends included. Default: 1000.")
    private int words;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Another seed gives another text. Default: 1.")
    private long seed;

    @Option(names = "--temperature", paramLabel = "X", defaultValue = "1", converter = Numbers.PositiveReal.class,
            description = "Below 1: likelier words; above 1: more surprising ones. Default: 1.")
    private float temperature;

    @Option(names = "--out", paramLabel = "FILE", description = "The file to write, or replace. Default: the standard output.")
    private Path out;

    @Mixin
    private DeviceOption device;

    @Override
    public Integer call() throws IOException {
        RunDirectory directory = new RunDirectory(model);
        Vocabulary vocabulary = directory.readVocabulary();
        device.choose();
        try (LanguageModel loaded = directory.load(vocabulary)) {
            String text = Sample.text(loaded, vocabulary, words, temperature, seed, spec.commandLine().getErr());
            if (out == null) {
                spec.commandLine().getOut().print(text);
                spec.commandLine().getOut().flush();
            } else {
                AtomicFile.write(out, file -> Files.writeString(file, text));
            }
        }
        return 0;
    }
}
