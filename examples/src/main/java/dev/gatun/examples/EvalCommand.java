package dev.gatun.examples;

import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun eval}: measures how well a trained model predicts a text. */
@Command(name = "eval",
        description = "Prints the perplexity of a text under a trained model.")
final class EvalCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--model", paramLabel = "DIR", required = true, description = "The folder that gatun train wrote.")
    private Path model;

    @Option(names = "--data", paramLabel = "FILE", required = true,
            description = "The text, UTF-8. Words unknown to the model count as <unk> where its vocabulary has that.")
    private Path data;

    @Mixin
    private DeviceOption device;

    @Override
    public Integer call() throws IOException {
        Inputs.requireReadable(data);
        RunDirectory directory = new RunDirectory(model);
        Vocabulary vocabulary = directory.readVocabulary();
        try (TokenStream text = TokenStream.readKnown(data, vocabulary)) {
            device.choose();
            try (LanguageModel loaded = directory.load(vocabulary)) {
                spec.commandLine().getOut().printf(Locale.ROOT, "%s: perplexity %.2f over %d tokens, %d of them unknown words%n", data,
                        Measure.perplexity(loaded, text), text.size(), text.unknown());
            }
        }
        return 0;
    }
}
