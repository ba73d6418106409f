package dev.gatun.lm.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The words of a model and their ids: ids are dense, from 0, in the order in which words were first added.
 *
 * <p>Not thread-safe while words are added; safe to share once it is only read.
 */
public final class Vocabulary {
    /** The word that stands for the end of a line. */
    public static final String EOS = "<eos>";

    /** The word that stands for every word the vocabulary does not hold. */
    public static final String UNKNOWN = "<unk>";

    private final Map<String, Integer> ids = new HashMap<>();
    private final List<String> words = new ArrayList<>();

    /** Makes an empty vocabulary. */
    public Vocabulary() {}

    /**
     * Makes a vocabulary whose ids follow the order of the given words.
     *
     * @throws IllegalArgumentException if a word occurs twice
     */
    public static Vocabulary of(List<String> words) {
        Vocabulary vocabulary = new Vocabulary();
        for (String word : words) {
            if (vocabulary.add(word) != vocabulary.size() - 1) {
                throw new IllegalArgumentException("the word '" + word + "' occurs twice in the vocabulary");
            }
        }
        return vocabulary;
    }

    /** Returns the word's id, giving it the next free one if it is new. */
    public int add(String word) {
        Integer id = ids.get(word);
        if (id != null) {
            return id;
        }
        int next = words.size();
        ids.put(word, next);
        words.add(word);
        return next;
    }

    /** Returns the word's id, or empty if the vocabulary does not hold it. */
    public OptionalInt idOf(String word) {
        Integer id = ids.get(word);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * Returns the word with an id.
     *
     * @throws IndexOutOfBoundsException if the id is not in {@code [0, size)}
     */
    public String word(int id) {
        return words.get(id);
    }

    /** Returns how many words there are. */
    public int size() {
        return words.size();
    }

    /** Returns the words in id order; a view that cannot be changed. */
    public List<String> words() {
        return List.copyOf(words);
    }

    /** Writes a word a line, in id order, as UTF-8. */
    public void write(Path file) throws IOException {
        Files.write(file, words, StandardCharsets.UTF_8);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws TextException if the file is empty, a line is blank or holds white space, or a word occurs twice
     */
    public static Vocabulary read(Path file) throws IOException {
        Vocabulary vocabulary = new Vocabulary();
        int line = 0;
        for (String word : Files.readAllLines(file, StandardCharsets.UTF_8)) {
            line++;
            if (word.isEmpty() || word.chars().anyMatch(Character::isWhitespace)) {
                throw new TextException(file + ":" + line + ": expected one word without white space, found '" + word + "'");
            }
            if (vocabulary.add(word) != line - 1) {
                throw new TextException(file + ":" + line + ": the word '" + word + "' stands on an earlier line too");
            }
        }
        if (line == 0) {
            throw new TextException(file + ": the vocabulary is empty; expected a word a line");
        }
        return vocabulary;
    }
}
