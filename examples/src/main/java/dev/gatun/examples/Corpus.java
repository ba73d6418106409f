package dev.gatun.examples;

import dev.gatun.lm.text.Text;
import dev.gatun.lm.text.TokenCounts;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Tokenizer;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;

/**
 * The texts of a training run, with the vocabulary they share; owns them.
 *
 * @param vocabulary the tokens of the training text, or the most frequent of them
 * @param train what the model learns from
 * @param valid what is measured after each epoch, or null
 * @param test what is measured at the end, or null
 */
record Corpus(Vocabulary vocabulary, TokenStream train, TokenStream valid, TokenStream test) implements AutoCloseable {
    /** Any large odd number: lines of neighbouring numbers, and of neighbouring seeds, are chosen independently. */
    private static final long SEED_STEP = 0x9E3779B97F4A7C15L;

    /**
     * Reads a training text, which makes the vocabulary, and texts to measure.
     *
     * @param train null for the glosses of WordNet
     * @param valid null for the held-out glosses, or none
     * @param test null for none
     * @param options how texts are cut into tokens
     */
    static Corpus read(Path train, Path valid, Path test, TextOptions options) throws IOException {
        if (train != null) {
            return read(Text.of(train), text(valid), text(test), options, options.vocabularySize);
        }
        Glosses.Lines glosses = Glosses.lines();
        boolean words = options.tokenizer == Tokenizer.WORD && options.vocabularySize == null;
        return read(Text.ofLines(glosses.train()), valid == null ? Text.ofLines(glosses.valid()) : Text.of(valid), text(test), options,
                words ? Glosses.VOCABULARY_SIZE : options.vocabularySize);
    }

    /**
     * Reads one text as a training text, which makes the vocabulary, and a held-out one.
     *
     * @param share the chance of a line to be held out
     * @param seed chooses the lines
     */
    static Corpus split(Path file, float share, long seed, Path test, TextOptions options) throws IOException {
        LongPredicate heldOut = line -> new SplittableRandom(seed + SEED_STEP * line).nextDouble() < share;
        Text text = Text.of(file);
        long lines = text.lineCount();
        long valid = LongStream.range(0, lines).filter(heldOut).count();
        if (valid == 0 || valid == lines) {
            throw new CommandException(file + ": of its " + lines + " lines, --valid-split " + share + " leaves " + (lines - valid)
                    + " to train on and " + valid + " to validate on");
        }
        return read(text.where(heldOut.negate()), text.where(heldOut), text(test), options, options.vocabularySize);
    }

    private static Text text(Path file) {
        return file == null ? null : Text.of(file);
    }

    private static Corpus read(Text train, Text valid, Text test, TextOptions options, Integer vocabularySize) throws IOException {
        if (vocabularySize != null && vocabularySize < TokenCounts.SMALLEST) {
            throw new CommandException("--vocab-size must be at least " + TokenCounts.SMALLEST
                    + ": one word, the line end and <unk>; got " + vocabularySize);
        }
        Vocabulary vocabulary = new Vocabulary(options.tokenizer);
        Corpus corpus = new Corpus(vocabulary, readTraining(train, vocabulary, options.minCount, vocabularySize), null, null);
        try {
            corpus = new Corpus(vocabulary, corpus.train, readKnown(valid, vocabulary), null);
            return new Corpus(vocabulary, corpus.train, corpus.valid, readKnown(test, vocabulary));
        } catch (IOException e) {
            corpus.close();
            throw e;
        }
    }

    private static TokenStream readTraining(Text text, Vocabulary vocabulary, int minCount, Integer size) throws IOException {
        if (vocabulary.tokenizer() == Tokenizer.BYTE || size == null && minCount == 1) {
            return TokenStream.readAdding(text, vocabulary);
        }
        Set<String> kept = TokenCounts.of(text, vocabulary.tokenizer()).mostFrequent(size == null ? Integer.MAX_VALUE : size, minCount);
        return TokenStream.readKeeping(text, vocabulary, kept);
    }

    private static TokenStream readKnown(Text text, Vocabulary vocabulary) throws IOException {
        return text == null ? null : TokenStream.readKnown(text, vocabulary);
    }

    /** Says in a line how long the texts are, and how much of them the vocabulary lacks. */
    String describe() {
        return "tokens: " + describe("train", train) + describe(", valid", valid) + describe(", test", test)
                + String.format(Locale.ROOT, "; vocabulary: %,d %ss", vocabulary.size(), vocabulary.tokenizer());
    }

    private static String describe(String name, TokenStream text) {
        return text == null ? ""
                : String.format(Locale.ROOT, "%s %,d (%.1f%% unknown)", name, text.size(), 100.0 * text.unknown() / text.size());
    }

    private static void close(TokenStream text) {
        if (text != null) {
            text.close();
        }
    }

    @Override
    public void close() {
        close(train);
        close(valid);
        close(test);
    }
}
