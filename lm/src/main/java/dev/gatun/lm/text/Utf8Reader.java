package dev.gatun.lm.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/**
 * Reads UTF-8 a code point at a time and refuses anything else. What it holds does not depend on the length of the text or of a
 * line. Line ends ({@code \n}, {@code \r\n}, {@code \r}) are read as {@code \n}.
 */
final class Utf8Reader {
    private static final int END = -1;
    private static final int BUFFER = 1 << 16;

    private final String name;
    private final InputStream in;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    private final ByteBuffer bytes = ByteBuffer.allocate(BUFFER).flip();
    private final CharBuffer chars = CharBuffer.allocate(BUFFER).flip();
    private boolean malformed;
    private boolean ended;
    private boolean afterReturn;
    private long line = 1;

    /** Reads a stream, which the caller closes; {@code name} stands in messages. */
    Utf8Reader(String name, InputStream in) {
        this.name = name;
        this.in = in;
    }

    /**
     * Returns the next code point, or -1 at the end.
     *
     * @throws TextException if the bytes that come next are not UTF-8; names the line
     */
    int read() throws IOException {
        int c = next();
        if (c == '\n' && afterReturn) {
            c = next();
        }
        afterReturn = c == '\r';
        if (c == '\r' || c == '\n') {
            line++;
            return '\n';
        }
        return c;
    }

    /** Returns the number of the line that the next code point stands on, from 1. */
    long line() {
        return line;
    }

    private int next() throws IOException {
        if (!chars.hasRemaining() && !decode()) {
            return END;
        }
        char c = chars.get();
        return Character.isHighSurrogate(c) ? Character.toCodePoint(c, chars.get()) : c;
    }

    /** Fills the characters; false at the end of the text. The decoder never parts a pair of surrogates. */
    private boolean decode() throws IOException {
        chars.clear();
        while (chars.position() == 0) {
            if (malformed) {
                throw new TextException(name + ":" + line + ": the line is not UTF-8 text; expected a file in UTF-8");
            }
            if (ended && !bytes.hasRemaining()) {
                chars.flip();
                return false;
            }
            CoderResult result = decoder.decode(bytes, chars, ended);
            malformed = result.isError();
            if (result.isUnderflow() && !ended) {
                fill();
            }
        }
        chars.flip();
        return true;
    }

    private void fill() throws IOException {
        bytes.compact();
        int read = in.read(bytes.array(), bytes.position(), bytes.remaining());
        ended = read < 0;
        bytes.position(bytes.position() + Math.max(0, read)).flip();
    }
}
