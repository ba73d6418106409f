package dev.gatun.lm.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A text as one stream of token ids, kept off-heap; of a very long text, in a temporary file. The vocabulary that a text is read with
 * says what a token is.
 */
public final class TokenStream implements AutoCloseable {
    /** 256 MB. */
    private static final long MOST_IN_MEMORY = 1 << 26;

    private final IdBuffer ids;
    private long unknown;

    private TokenStream(long mostInMemory) {
        ids = new IdBuffer(mostInMemory);
    }

    /** Reads a file and adds each new token to the vocabulary. */
    public static TokenStream readAdding(Path file, Vocabulary vocabulary) throws IOException {
        return readAdding(Text.of(file), vocabulary);
    }

    /**
     * Reads a text and adds each new token to the vocabulary.
     *
     * @throws TextException if the text has no token or is not UTF-8; names file and line
     */
    public static TokenStream readAdding(Text text, Vocabulary vocabulary) throws IOException {
        return read(text, vocabulary, MOST_IN_MEMORY, (token, line) -> vocabulary.add(token));
    }

    /**
     * Reads a text and adds its tokens to the vocabulary, but {@link Vocabulary#UNKNOWN} in place of those that are not kept.
     *
     * @param kept such as {@link TokenCounts#mostFrequent} gives
     * @throws TextException if the text has no token or is not UTF-8; names file and line
     */
    public static TokenStream readKeeping(Text text, Vocabulary vocabulary, Set<String> kept) throws IOException {
        return read(text, vocabulary, MOST_IN_MEMORY,
                (token, line) -> vocabulary.add(kept.contains(token) ? token : Vocabulary.UNKNOWN));
    }

    /** Reads a file with a fixed vocabulary, as {@link #readKnown(Text, Vocabulary)} does. */
    public static TokenStream readKnown(Path file, Vocabulary vocabulary) throws IOException {
        return readKnown(Text.of(file), vocabulary);
    }

    /**
     * Reads a text with a fixed vocabulary; a token it does not hold becomes {@link Vocabulary#UNKNOWN}.
     *
     * @throws TextException if the text has no token or is not UTF-8, or holds a token that is not in the vocabulary where that has
     *     no {@code <unk>}; names token, line and file
     */
    public static TokenStream readKnown(Text text, Vocabulary vocabulary) throws IOException {
        OptionalInt unknown = vocabulary.idOf(Vocabulary.UNKNOWN);
        return read(text, vocabulary, MOST_IN_MEMORY, (token, line) -> {
            OptionalInt id = vocabulary.idOf(token);
            if (id.isEmpty() && unknown.isEmpty()) {
                throw new TextException(text + ":" + line + ": " + TextException.quoted(token) + " is not in the vocabulary of "
                        + vocabulary.size() + " tokens, which has no <unk> to stand for it; a vocabulary of limited size, or of a least"
                        + " count, has one");
            }
            return id.orElseGet(unknown::getAsInt);
        });
    }

    /** Takes ids that are in memory already. */
    public static TokenStream of(int... ids) {
        TokenStream stream = new TokenStream(MOST_IN_MEMORY);
        try {
            for (int id : ids) {
                stream.ids.add(id);
            }
            return stream;
        } catch (IOException e) {
            stream.close();
            throw new UncheckedIOException(e);
        }
    }

    static TokenStream read(Text text, Vocabulary vocabulary, long mostInMemory, Lookup lookup) throws IOException {
        TokenStream stream = new TokenStream(mostInMemory);
        try {
            text.scan(vocabulary.tokenizer(), (token, line) -> stream.ids.add(lookup.idOf(token, line)));
            if (stream.size() == 0) {
                throw new TextException(text + ": there is no token in it; expected text, a sentence a line");
            }
            stream.unknown = stream.count(vocabulary.idOf(Vocabulary.UNKNOWN));
            return stream;
        } catch (Throwable t) {
            stream.close();
            throw t;
        }
    }

    private long count(OptionalInt id) {
        long count = 0;
        if (id.isPresent()) {
            int wanted = id.getAsInt();
            for (long i = 0; i < size(); i++) {
                count += id(i) == wanted ? 1 : 0;
            }
        }
        return count;
    }

    /** Returns how many tokens there are, line ends included. */
    public long size() {
        return ids.size();
    }

    /** Returns how many tokens are {@code <unk>}, whether the text says so or the vocabulary does not hold them. */
    public long unknown() {
        return unknown;
    }

    /** Returns the id at an index in {@code [0, size)}. */
    public int id(long index) {
        return ids.id(index);
    }

    /** Returns the ids, int32 [size]; valid until this stream is closed. */
    public MemorySegment ids() {
        return ids.ids();
    }

    /** Frees the ids; further calls do nothing. */
    @Override
    public void close() {
        ids.close();
    }

    /** Gives a token's id. */
    interface Lookup {
        int idOf(String token, long line) throws TextException;
    }
}
