package dev.gatun.examples;

import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.Sampler;
import dev.gatun.lm.text.TextWriter;
import dev.gatun.lm.text.Vocabulary;
import java.io.PrintWriter;

/** Text that a model writes after it was trained. */
final class Sample {
    private static final int PROGRESS_EVERY = 100;

    private Sample() {}

    /**
     * Samples a text: words with a space between them, and a new line for each {@code <eos>} and at the end.
     *
     * @param words how many to sample, line ends included; 0 gives an empty text
     * @param progress told of every {@value #PROGRESS_EVERY} words
     */
    static String text(LanguageModel model, Vocabulary vocabulary, int words, float temperature, long seed, PrintWriter progress) {
        StringBuilder text = new StringBuilder();
        if (words == 0) {
            return "";
        }
        TextWriter writer = new TextWriter(vocabulary, text);
        try (Sampler sampler = new Sampler(model)) {
            int[] sampled = {0};
            sampler.sample(words, temperature, seed, id -> {
                writer.word(id);
                if (++sampled[0] % PROGRESS_EVERY == 0) {
                    progress.println("sampled " + sampled[0] + "/" + words + " words");
                }
            });
        }
        writer.endLine();
        return text.toString();
    }
}
