package dev.gatun.lm.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The tokens of a model, also called words, and their ids: ids are dense, from 0, in the order in which words were first added. Of
 * bytes there are always 256.
 *
 * <p>Not thread-safe while words are added; safe to share once it is only read.
 */
public final class Vocabulary {
    /** The word that stands for the end of a line. */
    public static final String EOS = "<eos>";

    /** The word that stands for every word the vocabulary does not hold. */
    public static final String UNKNOWN = "<unk>";

    /** What a file of another tokenizer than words begins with; no word holds a space. */
    private static final String HEADER = "tokenizer: ";

    private final Tokenizer tokenizer;
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<String> words = new ArrayList<>();

    /** Makes an empty vocabulary of words. */
    public Vocabulary() {
        this(Tokenizer.WORD);
    }

    /** Makes an empty vocabulary of words or characters, or that of all bytes. */
    public Vocabulary(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        for (int value = 0; tokenizer == Tokenizer.BYTE && value < 256; value++) {
            add(Tokenizer.byteToken(value));
        }
    }

    /** Returns what its tokens are. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * Makes a vocabulary whose ids follow the order of the given words.
     *
     * @throws IllegalArgumentException if a word occurs twice
     */
    public static Vocabulary of(List<String> words) {
        Vocabulary vocabulary = new Vocabulary();
        for (String word : words) {
            if (vocabulary.add(word) != vocabulary.size() - 1) {
                throw new IllegalArgumentException("the word " + TextException.quoted(word) + " occurs twice in the vocabulary");
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

    /**
     * Returns the ids of a piece of text, to which no line end is added; a token that is not in the vocabulary becomes {@code <unk>}.
     *
     * @throws IllegalArgumentException if there is such a token, and no {@code <unk>}
     */
    public int[] encode(String text) {
        IntStream.Builder encoded = IntStream.builder();
        int unknown = idOf(UNKNOWN).orElse(-1);
        try {
            new TokenScanner(tokenizer, line -> true, (token, line) -> {
                int id = idOf(token).orElse(unknown);
                if (id < 0) {
                    throw new IllegalArgumentException(TextException.quoted(token) + " is not in the vocabulary of " + size()
                            + " tokens, which has no <unk> to stand for it");
                }
                encoded.add(id);
            }).part(text);
        } catch (IOException e) {
            throw new UncheckedIOException("reading a text in memory failed", e);
        }
        return encoded.build().toArray();
    }

    /**
     * Writes a word a line, in id order, as UTF-8. If the tokens are not words, a first line {@code tokenizer: char} or
     * {@code tokenizer: byte} says so; white space, control characters and the backslash are written as backslash, {@code u} and four
     * hexadecimal digits, and bytes, which are always the same, not at all.
     */
    public void write(Path file) throws IOException {
        List<String> lines = switch (tokenizer) {
            case WORD -> words;
            case CHAR -> Stream.concat(Stream.of(HEADER + tokenizer), words.stream().map(Vocabulary::escape)).toList();
            case BYTE -> List.of(HEADER + tokenizer);
        };
        Files.write(file, lines, StandardCharsets.UTF_8);
    }

    private static String escape(String character) {
        int c = character.codePointAt(0);
        return Tokenizer.isSpace(c) || Character.isISOControl(c) || c == '\\' ? String.format(Locale.ROOT, "\\u%04x", c) : character;
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws TextException if the file is empty or not UTF-8, a line is not one token, or a token occurs twice; names file and line
     */
    public static Vocabulary read(Path file) throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (CharacterCodingException e) {
            throw new TextException(file + ": not UTF-8 text; expected a word a line");
        }
        if (lines.isEmpty()) {
            throw new TextException(file + ": the vocabulary is empty; expected a word a line");
        }
        Tokenizer tokenizer = tokenizerOf(file, lines.get(0));
        Vocabulary vocabulary = new Vocabulary(tokenizer);
        if (tokenizer == Tokenizer.BYTE && lines.size() > 1) {
            throw new TextException(file + ":2: a vocabulary of bytes holds nothing else, found " + TextException.quoted(lines.get(1)));
        }
        for (int i = tokenizer == Tokenizer.WORD ? 0 : 1; i < lines.size(); i++) {
            String where = file + ":" + (i + 1) + ": ";
            String token = tokenizer == Tokenizer.WORD ? word(where, lines.get(i)) : character(where, lines.get(i));
            int size = vocabulary.size();
            if (vocabulary.add(token) != size) {
                throw new TextException(where + TextException.quoted(lines.get(i)) + " stands on an earlier line too");
            }
        }
        return vocabulary;
    }

    private static Tokenizer tokenizerOf(Path file, String firstLine) throws TextException {
        if (!firstLine.startsWith(HEADER)) {
            return Tokenizer.WORD;
        }
        for (Tokenizer tokenizer : Tokenizer.values()) {
            if (firstLine.equals(HEADER + tokenizer)) {
                return tokenizer;
            }
        }
        throw new TextException(file + ":1: expected a word, or '" + HEADER + "' and one of " + List.of(Tokenizer.values()) + ", found "
                + TextException.quoted(firstLine));
    }

    private static String word(String where, String line) throws TextException {
        if (line.isEmpty() || line.codePoints().anyMatch(Tokenizer::isSpace)) {
            throw new TextException(where + "expected one word without white space, found " + TextException.quoted(line));
        }
        return line;
    }

    private static String character(String where, String line) throws TextException {
        if (line.equals(UNKNOWN) || line.codePointCount(0, line.length()) == 1 && line.equals(escape(line))) {
            return line;
        }
        if (line.matches("\\\\u[0-9a-f]{4}")) {
            String character = Character.toString(Integer.parseInt(line.substring(2), 16));
            if (line.equals(escape(character))) {
                return character;
            }
        }
        throw new TextException(where + "expected one character, or \\u and four digits for white space, found "
                + TextException.quoted(line));
    }
}
