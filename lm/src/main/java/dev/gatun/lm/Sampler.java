package dev.gatun.lm;

import dev.gatun.cuda.Event;
import dev.gatun.cuda.Stream;
import java.util.function.IntConsumer;

/**
 * Writes texts with a model: each next word is drawn from the model's distribution after all words before, and read back as the
 * next input.
 *
 * <p>Words stay on the device; the host reads them a stretch at a time, while the next stretch is drawn. Stretches grow from one
 * word on as long as they take less than {@value #PATIENCE_MILLISECONDS} ms, so that words come as soon as people can follow them.
 *
 * <p>Draws come from Philox4x32-10, so that a text depends on the parameters, the prompt, the options and its row alone. A sampler
 * keeps its memory and its captured graphs from one text to the next, for the batch that was asked for last. Not thread-safe.
 */
public final class Sampler implements AutoCloseable {
    private static final int PATIENCE_MILLISECONDS = 20;
    private static final int[] NO_PROMPT = {};

    private final Resources resources = new Resources();
    private final LanguageModel model;
    private final Stream stream;
    private final Event[] copied = new Event[2];
    private SamplingPass pass;

    /** Takes words as they come. */
    @FunctionalInterface
    public interface Listener {
        /**
         * Takes the next word of a text.
         *
         * @param row which of the batch's texts, from 0 on
         * @param id the word
         * @return whether the text goes on; after false no more words of it come
         */
        boolean word(int row, int id);
    }

    /**
     * Prepares sampling.
     *
     * @param model what writes; must be closed after this sampler
     */
    public Sampler(LanguageModel model) {
        this.model = model;
        stream = model.stream();
        try {
            copied[0] = resources.own(Event.create());
            copied[1] = resources.own(Event.create());
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /**
     * Writes one text the tutorial's way: from a zero state and a first word drawn evenly from the vocabulary, which is not part of
     * the text.
     *
     * @param words how many words, at least 1
     * @param temperature what logits are divided by: 1 for the model's own distribution, less for a text of likelier words
     * @param seed another seed gives another text
     * @param text takes the ids of the words, in order
     * @throws IllegalArgumentException if {@code words} is below 1, or {@code temperature} is not a positive finite number
     */
    public void sample(int words, float temperature, long seed, IntConsumer text) {
        sample(NO_PROMPT, words, SamplingOptions.DEFAULT.withTemperature(temperature).withSeed(seed), (row, id) -> {
            text.accept(id);
            return true;
        });
    }

    /**
     * Continues a prompt, in as many texts as the options' batch asks for.
     *
     * @param prompt the ids of the words to go on from, read from a zero state; if empty, each text goes on from a word drawn evenly
     *     from the vocabulary
     * @param words the most words of a text, at least 1, the prompt's not among them
     * @param options how words are drawn, and how many texts
     * @param texts takes the words; those of a text come in order
     * @throws IllegalArgumentException if {@code words} is below 1, or the prompt holds an id that the model does not know
     */
    public void sample(int[] prompt, int words, SamplingOptions options, Listener texts) {
        Check.atLeast(1, words, "words");
        int vocabulary = model.config().vocabulary();
        for (int id : prompt) {
            Check.that(id >= 0 && id < vocabulary, "the prompt's ids must be from 0 to " + (vocabulary - 1), id);
        }
        prepare(options.batch());
        pass.begin(prompt, options);
        try {
            draw(words, texts);
        } finally {
            stream.synchronize();
        }
    }

    private void prepare(int batch) {
        if (pass != null && pass.rows == batch) {
            return;
        }
        if (pass != null) {
            pass.close();
            pass = null;
        }
        pass = new SamplingPass(model, batch);
    }

    private void draw(int words, Listener texts) {
        boolean[] ended = new boolean[pass.rows];
        int longest = 1;
        int next = 0;
        int read = 0;
        int count = SamplingPass.stretch(0, Math.min(longest, words));
        pass.enqueue(0, count, copied[next]);
        while (count > 0) {
            long start = System.nanoTime();
            int following = SamplingPass.stretch(read + count, Math.min(longest, words - read - count));
            if (following > 0) {
                pass.enqueue(read + count, following, copied[1 - next]);
            }
            copied[next].synchronize();
            if (!deliver(read, count, ended, texts)) {
                return;
            }
            if (System.nanoTime() - start < PATIENCE_MILLISECONDS * 1_000_000L / 2) {
                longest = Math.min(2 * longest, SamplingPass.STRETCH);
            }
            read += count;
            count = following;
            next = 1 - next;
        }
    }

    /** Hands the words {@code [first, first + count)} on; returns whether a text goes on. */
    private boolean deliver(int first, int count, boolean[] ended, Listener texts) {
        boolean goesOn = false;
        for (int row = 0; row < pass.rows; row++) {
            for (int i = first; i < first + count && !ended[row]; i++) {
                ended[row] = !texts.word(row, pass.word(i, row));
            }
            goesOn |= !ended[row];
        }
        return goesOn;
    }

    /** Frees the sampler's device memory, not the model; further calls do nothing. */
    @Override
    public void close() {
        if (pass != null) {
            pass.close();
        }
        resources.close();
    }
}
