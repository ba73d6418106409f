package dev.gatun.examples;

import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The texts of a training run, with the vocabulary they share; owns them.
 *
 * @param vocabulary the words of the training text
 * @param train what the model learns from
 * @param valid what is measured after each epoch, or null
 * @param test what is measured at the end, or null
 */
record Corpus(Vocabulary vocabulary, TokenStream train, TokenStream valid, TokenStream test) implements AutoCloseable {
    /**
     * Reads a training text, which makes the vocabulary, or takes the built-in one, and texts to measure.
     *
     * @param trainFile null for the built-in corpus
     * @param validFile null for the built-in corpus's own held-out glosses, or none
     * @param testFile null for none
     */
    static Corpus read(Path trainFile, Path validFile, Path testFile) throws IOException {
        Corpus corpus = trainFile == null ? Glosses.corpus() : of(trainFile);
        try {
            if (validFile != null) {
                TokenStream valid = TokenStream.readKnown(validFile, corpus.vocabulary);
                close(corpus.valid);
                corpus = new Corpus(corpus.vocabulary, corpus.train, valid, null);
            }
            if (testFile != null) {
                corpus = new Corpus(corpus.vocabulary, corpus.train, corpus.valid, TokenStream.readKnown(testFile, corpus.vocabulary));
            }
            return corpus;
        } catch (IOException e) {
            corpus.close();
            throw e;
        }
    }

    private static Corpus of(Path trainFile) throws IOException {
        Vocabulary vocabulary = new Vocabulary();
        return new Corpus(vocabulary, TokenStream.readAdding(trainFile, vocabulary), null, null);
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
