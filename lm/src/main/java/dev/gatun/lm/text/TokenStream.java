package dev.gatun.lm.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.StringTokenizer;

/**
 * A text as one stream of word ids, kept off-heap.
 *
 * <p>The rules are the tutorial's: words are what white space separates, and every line, an empty one too, ends
 * with {@link Vocabulary#EOS}.
 */
public final class TokenStream implements AutoCloseable {
    private static final long FIRST_CAPACITY = 1 << 16;

    private Arena arena = Arena.ofShared();
    private MemorySegment ids = arena.allocate(ValueLayout.JAVA_INT, FIRST_CAPACITY);
    private long size;
    private long unknown;

    private TokenStream() {}

    /** Reads a UTF-8 file and adds each new word to the vocabulary. */
    public static TokenStream readAdding(Path file, Vocabulary vocabulary) throws IOException {
        return read(file, (word, line) -> vocabulary.add(word));
    }

    /**
     * Reads a UTF-8 file with a fixed vocabulary; a word it does not hold becomes {@link Vocabulary#UNKNOWN}.
     *
     * @throws TextException if such a word is met and the vocabulary has no {@code <unk>}; names word, line and file
     */
    public static TokenStream readKnown(Path file, Vocabulary vocabulary) throws IOException {
        OptionalInt unknown = vocabulary.idOf(Vocabulary.UNKNOWN);
        return read(file, (word, line) -> {
            OptionalInt id = vocabulary.idOf(word);
            if (id.isPresent()) {
                return id.getAsInt();
            }
            if (unknown.isEmpty()) {
                throw new TextException(file + ":" + line + ": the word '" + word + "' is not in the vocabulary of "
                        + vocabulary.size() + " words, which has no <unk> to stand for it");
            }
            return -1 - unknown.getAsInt();
        });
    }

    /** Takes lines that are in memory already, and adds each new word to the vocabulary. */
    public static TokenStream ofLines(Iterable<String> lines, Vocabulary vocabulary) {
        TokenStream stream = new TokenStream();
        for (String line : lines) {
            for (StringTokenizer words = new StringTokenizer(line); words.hasMoreTokens(); ) {
                stream.add(vocabulary.add(words.nextToken()));
            }
            stream.add(vocabulary.add(Vocabulary.EOS));
        }
        return stream;
    }

    private static TokenStream read(Path file, Lookup lookup) throws IOException {
        TokenStream stream = new TokenStream();
        try (InputStream in = Files.newInputStream(file);
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT)), 1 << 16)) {
            stream.addLines(file, reader, lookup);
            return stream;
        } catch (Throwable t) {
            stream.close();
            throw t;
        }
    }

    private void addLines(Path file, BufferedReader reader, Lookup lookup) throws IOException {
        int line = 0;
        try {
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                line++;
                for (StringTokenizer words = new StringTokenizer(text); words.hasMoreTokens(); ) {
                    add(lookup.idOf(words.nextToken(), line));
                }
                add(lookup.idOf(Vocabulary.EOS, line));
            }
        } catch (CharacterCodingException e) {
            throw new TextException(file + ": not UTF-8 text, somewhere after line " + line);
        }
        if (size == 0) {
            throw new TextException(file + ": the file is empty; expected text, a sentence a line");
        }
    }

    private void add(int id) {
        if (size == ids.byteSize() / Integer.BYTES) {
            Arena larger = Arena.ofShared();
            MemorySegment copy = larger.allocate(ValueLayout.JAVA_INT, 2 * size);
            MemorySegment.copy(ids, 0, copy, 0, ids.byteSize());
            arena.close();
            arena = larger;
            ids = copy;
        }
        boolean known = id >= 0;
        ids.setAtIndex(ValueLayout.JAVA_INT, size++, known ? id : -1 - id);
        unknown += known ? 0 : 1;
    }

    /** Returns how many tokens there are, line ends included. */
    public long size() {
        return size;
    }

    /** Returns how many words were replaced by {@code <unk>} while reading. */
    public long unknown() {
        return unknown;
    }

    /** Returns the id at an index in {@code [0, size)}. */
    public int id(long index) {
        return ids.getAtIndex(ValueLayout.JAVA_INT, index);
    }

    /** Returns the ids, int32 [size]; valid until this stream is closed. */
    public MemorySegment ids() {
        return ids.asSlice(0, size * Integer.BYTES).asReadOnly();
    }

    /** Frees the ids; further calls do nothing. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    /** Gives a word's id, or {@code -1 - id} where the id stands for an unknown word. */
    private interface Lookup {
        int idOf(String word, int line) throws TextException;
    }
}
