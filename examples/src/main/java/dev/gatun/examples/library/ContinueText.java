package dev.gatun.examples.library;

import dev.gatun.lm.SamplingOptions;
import dev.gatun.lm.TextModel;
import dev.gatun.lm.TextScore;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/** A trained model inside a program: scores a text and goes on from another. */
public final class ContinueText {
    private ContinueText() {}

    /** Loads the model in the folder that the first argument names, which {@code gatun train} wrote. */
    public static void main(String[] args) throws IOException {
        run(Path.of(args[0]), args[1], System.out);
    }

    static void run(Path folder, String text, PrintStream out) throws IOException {
        try (TextModel model = TextModel.load(folder)) {
            TextScore score = model.score(text);
            out.println(score.words().getLast() + ", perplexity " + score.perplexity());
            out.println(text + " " + model.continueText(text, 20, SamplingOptions.DEFAULT.withTopK(40).withTemperature(0.8f)));
        }
    }
}
