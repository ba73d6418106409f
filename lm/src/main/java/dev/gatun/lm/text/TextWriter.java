package dev.gatun.lm.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Writes ids as text: words get a space between them, and line ends become line feeds. Bytes that are not UTF-8 come out as U+FFFD.
 */
public final class TextWriter {
    private final Vocabulary vocabulary;
    private final Appendable out;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE).onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final ByteBuffer bytes = ByteBuffer.allocate(8); // those of a character that is not complete
    private final CharBuffer chars = CharBuffer.allocate(16);
    private boolean atLineStart = true;

    /** Writes tokens of a vocabulary to a text that begins at the start of a line. */
    public TextWriter(Vocabulary vocabulary, Appendable out) {
        this.vocabulary = vocabulary;
        this.out = out;
    }

    /**
     * Writes the next token; nothing yet of a byte that does not complete a character.
     *
     * @throws IndexOutOfBoundsException if the vocabulary has no such id
     * @throws UncheckedIOException if the text cannot be written
     */
    public void word(int id) {
        String token = vocabulary.word(id);
        boolean end = token.equals(vocabulary.tokenizer().lineEnd());
        append(switch (vocabulary.tokenizer()) {
            case WORD -> end ? "\n" : atLineStart ? token : " " + token;
            case CHAR -> token;
            case BYTE -> decode((byte) id);
        });
        atLineStart = end;
    }

    private String decode(byte value) {
        bytes.put(value).flip();
        decoder.decode(bytes, chars.clear(), false);
        bytes.compact();
        return chars.flip().toString();
    }

    /**
     * Ends the last line, if it has begun.
     *
     * @throws UncheckedIOException if the text cannot be written
     */
    public void endLine() {
        append(atLineStart ? "" : "\n");
        atLineStart = true;
    }

    private void append(String text) {
        try {
            out.append(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
