package dev.gatun.examples;

import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Sampler;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import dev.gatun.lm.text.Windows;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * The PyTorch tutorial's language model as one program: reads a text, trains an LSTM on it, reports loss and perplexity, and
 * samples from what it learnt. The command {@code gatun train --preset tutorial} does the same and more.
 */
public final class TutorialLanguageModel {
    // Hyper-parameters
    static final int EMBED = 128;
    static final int HIDDEN = 1024;
    static final int LAYERS = 1;
    static final int EPOCHS = 5;
    static final int WORDS_TO_SAMPLE = 1000;
    static final int BATCH = 20;
    static final int SEQ = 30;
    static final float LEARNING_RATE = 0.002f;
    static final float CLIP = 0.5f;
    static final long SEED = 1;

    private TutorialLanguageModel() {}

    /**
     * Trains on the text that the one argument names. Run it with {@code --enable-native-access=ALL-UNNAMED}, and with
     * {@code -Dgatun.device=host} to leave a GPU alone.
     */
    public static void main(String[] args) throws IOException {
        if (args.length != 1) {
            System.err.println("usage: TutorialLanguageModel TEXT");
            System.exit(2);
        }
        run(Path.of(args[0]), HIDDEN, EPOCHS, WORDS_TO_SAMPLE, System.out);
    }

    static void run(Path text, int hidden, int epochs, int words, PrintStream out) throws IOException {
        Vocabulary vocabulary = new Vocabulary();
        try (TokenStream tokens = TokenStream.readAdding(text, vocabulary)) {
            Windows windows = new Windows(tokens, BATCH, SEQ);
            out.println(windows.describe(vocabulary.size()));

            ModelConfig config = new ModelConfig(vocabulary.size(), EMBED, hidden, LAYERS);
            try (LanguageModel model = LanguageModel.create(config, SEED)) {
                train(model, windows, epochs, out);
                sample(model, vocabulary, words, out);
            }
        }
    }

    private static void train(LanguageModel model, Windows windows, int epochs, PrintStream out) {
        TrainingOptions options = new TrainingOptions(BATCH, SEQ, CLIP, LEARNING_RATE, SEED);
        try (Trainer trainer = new Trainer(model, options); Arena arena = Arena.ofConfined()) {
            MemorySegment inputs = arena.allocate(ValueLayout.JAVA_INT, SEQ * BATCH);
            MemorySegment targets = arena.allocate(ValueLayout.JAVA_INT, SEQ * BATCH);

            for (int epoch = 0; epoch < epochs; epoch++) {
                // The LSTM's state is carried from window to window, and is zero where the text begins.
                trainer.resetState();
                for (long step = 0; step < windows.count(); step++) {
                    windows.copy(step, inputs, targets);
                    // Forward, backward, clipping and Adam: enqueued on the device, not waited for.
                    trainer.step(inputs, targets);

                    if (step % 100 == 0) {
                        float loss = trainer.loss();
                        out.printf("Epoch [%d/%d], Step[%d/%d], Loss: %.4f, Perplexity: %5.2f%n",
                                epoch + 1, epochs, step, windows.nominalCount(), loss, Math.exp(loss));
                    }
                }
            }
        }
    }

    private static void sample(LanguageModel model, Vocabulary vocabulary, int words, PrintStream out) {
        try (Sampler sampler = new Sampler(model)) {
            sampler.sample(words, 1, SEED, id -> {
                String word = vocabulary.word(id);
                out.print(word.equals(Vocabulary.EOS) ? "\n" : word + " ");
            });
        }
        out.println();
    }
}
