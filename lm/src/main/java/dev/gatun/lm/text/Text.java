package dev.gatun.lm.text;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * Where a text comes from: a file, or lines that are in memory already; all of its lines or some. A file is read as a stream, however
 * long it or one of its lines is.
 */
public final class Text {
    private final Path file; // or null
    private final List<String> lines; // or null
    private final LongPredicate chosen;

    private Text(Path file, List<String> lines, LongPredicate chosen) {
        this.file = file;
        this.lines = lines;
        this.chosen = chosen;
    }

    /** A file; UTF-8, but for {@link Tokenizer#BYTE}, which takes any bytes. */
    public static Text of(Path file) {
        return new Text(file, null, line -> true);
    }

    /** Lines without their line ends. */
    public static Text ofLines(List<String> lines) {
        return new Text(null, lines, line -> true);
    }

    /** Returns a text of those lines of this one whose index, from 0, is chosen. */
    public Text where(LongPredicate lineChosen) {
        return new Text(file, lines, line -> chosen.test(line) && lineChosen.test(line));
    }

    /**
     * Returns how many lines there are.
     *
     * @throws TextException if the file is empty or not UTF-8
     */
    public long lineCount() throws IOException {
        long[] count = {0};
        scan(Tokenizer.WORD, (token, line) -> count[0] = line);
        return count[0];
    }

    /** Takes a text's tokens. */
    interface Sink {
        /** Takes the next token, which stands on line {@code line}, counted from 1. */
        void token(String token, long line) throws IOException;
    }

    /**
     * Cuts the text into tokens.
     *
     * @throws TextException if the file is empty or not UTF-8; names file and line
     */
    void scan(Tokenizer tokenizer, Sink sink) throws IOException {
        TokenScanner scanner = new TokenScanner(tokenizer, chosen, sink);
        if (lines != null) {
            for (String line : lines) {
                scanner.line(line);
            }
            return;
        }
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            if (Files.isRegularFile(file) && Files.size(file) == 0) {
                throw new TextException(file + ": the file is empty; expected text, a sentence a line");
            }
            if (tokenizer == Tokenizer.BYTE) {
                scanner.bytes(in);
            } else {
                scanner.text(new Utf8Reader(file.toString(), in));
            }
        }
    }

    /** Returns what the text is called in messages. */
    @Override
    public String toString() {
        return file == null ? "the text" : file.toString();
    }
}
