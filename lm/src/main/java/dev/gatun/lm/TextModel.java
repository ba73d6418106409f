package dev.gatun.lm;

import dev.gatun.lm.text.TextException;
import dev.gatun.lm.text.TextWriter;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A trained model and its vocabulary, for programs that have text and want text: it scores texts and continues them.
 *
 * <p>Not thread-safe; keeps device memory between calls, so that a model is loaded once and used often.
 */
public final class TextModel implements AutoCloseable {
    private static final int STEPS = 32;

    private final Resources resources = new Resources();
    private final LanguageModel model;
    private final Vocabulary vocabulary;
    private final Sampler sampler;
    private final Evaluator evaluator;

    private TextModel(LanguageModel model, Vocabulary vocabulary) {
        this.model = model;
        this.vocabulary = vocabulary;
        try {
            resources.own(model);
            sampler = resources.own(new Sampler(model));
            evaluator = resources.own(new Evaluator(model, 1, STEPS));
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /**
     * Loads the model of a run: the files {@code model.safetensors} and {@code vocabulary.txt} of the folder that {@code gatun train}
     * wrote.
     *
     * @throws IOException if a file cannot be read, or the two are not of one run; says which
     * @throws dev.gatun.device.DeviceException if this process has no usable device
     */
    public static TextModel load(Path run) throws IOException {
        Vocabulary vocabulary = Vocabulary.read(run.resolve("vocabulary.txt"));
        LanguageModel model = LanguageModel.load(run.resolve("model.safetensors"));
        if (model.config().vocabulary() != vocabulary.size()) {
            model.close();
            throw new TextException(run + ": the model knows " + model.config().vocabulary() + " words, and vocabulary.txt holds "
                    + vocabulary.size() + "; they are not of one run");
        }
        return new TextModel(model, vocabulary);
    }

    /**
     * Predicts each word of a text but its first from those before it.
     *
     * @param text lines of words; a line end is a word too, the last line's even where it is not written
     * @throws IllegalArgumentException if there are fewer than two words, or one is not in the vocabulary, which has no
     *     {@code <unk>} to stand for it
     */
    public TextScore score(String text) {
        int[] ids = vocabulary.encode(text.endsWith("\n") ? text : text + "\n");
        Check.atLeast(2, ids.length, "the number of words to score");
        List<TextScore.Word> words = new ArrayList<>(ids.length - 1);
        try (TokenStream tokens = TokenStream.of(ids)) {
            evaluator.score(tokens, logProbability ->
                    words.add(new TextScore.Word(vocabulary.word(ids[words.size() + 1]), logProbability)));
        }
        return new TextScore(words);
    }

    /**
     * Goes on from a text, once.
     *
     * @param prompt where to go on from; if empty, from a word drawn evenly from the vocabulary, which is not part of the result
     * @param words how many words to write, line ends included, at least 1
     * @param options how words are drawn; its batch does not matter
     * @return the words after the prompt
     * @throws IllegalArgumentException if {@code words} is below 1, or a word of the prompt is not in the vocabulary, which has no
     *     {@code <unk>} to stand for it
     */
    public String continueText(String prompt, int words, SamplingOptions options) {
        return continueTexts(prompt, words, options.withBatch(1)).getFirst();
    }

    /**
     * Goes on from a text in as many ways as the options' batch asks for; the rest is as in {@link #continueText}.
     *
     * @return the words after the prompt, a text each
     */
    public List<String> continueTexts(String prompt, int words, SamplingOptions options) {
        List<StringBuilder> texts = Stream.generate(StringBuilder::new).limit(options.batch()).toList();
        List<TextWriter> writers = texts.stream().map(text -> new TextWriter(vocabulary, text)).toList();
        sampler.sample(vocabulary.encode(prompt), words, options, (row, id) -> {
            writers.get(row).word(id);
            return true;
        });
        return texts.stream().map(StringBuilder::toString).toList();
    }

    /** Returns the model. It is closed with this. */
    public LanguageModel model() {
        return model;
    }

    /** Returns the words that the model knows. */
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    /** Frees everything on the device, the model too; further calls do nothing. */
    @Override
    public void close() {
        resources.close();
    }
}
