package dev.gatun.lm.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;

/** Cuts a text into tokens as it is read, and passes on those of the lines that are chosen. */
final class TokenScanner {
    private static final String[] BYTES = IntStream.range(0, 256).mapToObj(Tokenizer::byteToken).toArray(String[]::new);
    private static final String[] ASCII = IntStream.range(0, 128).mapToObj(Character::toString).toArray(String[]::new);

    private final Tokenizer tokenizer;
    private final LongPredicate chosen;
    private final Text.Sink sink;
    private final StringBuilder word = new StringBuilder();
    private long line = 1;
    private boolean lineChosen;

    TokenScanner(Tokenizer tokenizer, LongPredicate chosen, Text.Sink sink) {
        this.tokenizer = tokenizer;
        this.chosen = chosen;
        this.sink = sink;
        lineChosen = chosen.test(0);
    }

    /** Takes a line that is in memory, without its line end. */
    void line(String text) throws IOException {
        part(text);
        endLine();
    }

    /** Takes a piece of a line, as a prompt is: no line end is added. */
    void part(String text) throws IOException {
        if (tokenizer == Tokenizer.BYTE) {
            for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
                pass(BYTES[value & 0xff]);
            }
            return;
        }
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            codePoint(codePoint);
            i += Character.charCount(codePoint);
        }
        endWord();
    }

    /** Takes a file's text; a last line without a line end is given one. */
    void text(Utf8Reader reader) throws IOException {
        boolean inLine = false;
        for (int c = reader.read(); c >= 0; c = reader.read()) {
            codePoint(c);
            inLine = c != '\n';
        }
        if (inLine) {
            endLine();
        }
    }

    /** Takes a file's bytes as they are. */
    void bytes(InputStream in) throws IOException {
        for (int value = in.read(); value >= 0; value = in.read()) {
            if (value == '\n') {
                endLine();
            } else {
                pass(BYTES[value]);
            }
        }
    }

    private void codePoint(int c) throws IOException {
        if (c == '\n') {
            endLine();
        } else if (tokenizer == Tokenizer.CHAR) {
            pass(c < ASCII.length ? ASCII[c] : Character.toString(c));
        } else if (Tokenizer.isSpace(c)) {
            endWord();
        } else {
            word.appendCodePoint(c);
        }
    }

    private void endWord() throws IOException {
        if (!word.isEmpty()) {
            pass(word.toString());
            word.setLength(0);
        }
    }

    private void endLine() throws IOException {
        endWord();
        pass(tokenizer.lineEnd());
        lineChosen = chosen.test(line++);
    }

    private void pass(String token) throws IOException {
        if (lineChosen) {
            sink.token(token, line);
        }
    }
}
