package dev.gatun.examples;

import dev.gatun.lm.Evaluation;
import dev.gatun.lm.Evaluator;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun score}: how likely a trained model finds each word of a text. */
@Command(name = "score",
        description = {"Prints each word of a text, a tab, and the natural logarithm of its probability after all words before.",
            "Of a model of characters, a line end is shown as \\n and a tab as \\t.", "The first word is not predicted. The total and the perplexity go to the standard error stream."})
final class ScoreCommand implements Callable<Integer> {
    /** Steps that one row of text advances by at once; of no influence on the scores but for rounding. */
    private static final int SEQ = 32;

    @Spec
    private CommandSpec spec;

    @Option(names = "--model", paramLabel = "DIR", required = true, description = "The folder that gatun train wrote.")
    private Path model;

    @Option(names = "--data", paramLabel = "FILE|-", required = true,
            description = "The text, UTF-8; - for the standard input. Unknown words count as <unk> where the vocabulary has that.")
    private String data;

    @Mixin
    private DeviceOption device;

    @Override
    public Integer call() throws IOException {
        if (!data.equals("-")) {
            Inputs.requireReadable(Path.of(data));
        }
        RunDirectory directory = new RunDirectory(model);
        Vocabulary vocabulary = directory.readVocabulary();
        try (TokenStream text = read(vocabulary)) {
            if (text.size() < 2) {
                throw new CommandException("a text of " + text.size() + " token has nothing to predict; at least two are needed");
            }
            device.choose();
            try (LanguageModel loaded = directory.load(vocabulary); Evaluator evaluator = new Evaluator(loaded, 1, SEQ)) {
                PrintWriter print = spec.commandLine().getOut();
                long[] position = {1};
                Evaluation evaluation = evaluator.score(text, score ->
                        print.printf(Locale.ROOT, "%s\t%.6f%n", shown(vocabulary.word(text.id(position[0]++))), score));
                print.flush();
                spec.commandLine().getErr().printf(Locale.ROOT, "total %.4f over %d words, perplexity %.2f%n",
                        -evaluation.meanLoss() * evaluation.tokens(), evaluation.tokens(), evaluation.perplexity());
            }
        }
        return 0;
    }

    /** Returns a word that takes one line and has no tab: of characters, the line end is a word, and others may be. */
    private static String shown(String word) {
        return switch (word) {
            case "\n" -> "\\n";
            case "\r" -> "\\r";
            case "\t" -> "\\t";
            default -> word;
        };
    }

    private TokenStream read(Vocabulary vocabulary) throws IOException {
        if (!data.equals("-")) {
            return TokenStream.readKnown(Path.of(data), vocabulary);
        }
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(System.in.readAllBytes())).toString();
        } catch (CharacterCodingException e) {
            throw new CommandException("the standard input is not UTF-8 text");
        }
        return TokenStream.of(Inputs.encode(text.isEmpty() || text.endsWith("\n") ? text : text + "\n", vocabulary, "the standard input"));
    }
}
