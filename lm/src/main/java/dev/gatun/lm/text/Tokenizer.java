package dev.gatun.lm.text;

import java.util.Locale;

/** What a model reads and writes one of at a time. */
public enum Tokenizer {
    /**
     * Words are what white space separates, and every line, an empty one too, ends with {@link Vocabulary#EOS}: the tutorial's
     * rules.
     */
    WORD(Vocabulary.EOS),

    /** Unicode code points; every line ends with a line feed. */
    CHAR("\n"),

    /** The bytes of a file as they are; ids are their values, 0 to 255. */
    BYTE(byteToken('\n'));

    private final String lineEnd;

    Tokenizer(String lineEnd) {
        this.lineEnd = lineEnd;
    }

    /** Returns the token that ends a line. */
    public String lineEnd() {
        return lineEnd;
    }

    /** Returns the name that options and files use. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the token of a byte: its value in two hexadecimal digits, such as {@code 0x0a}. */
    static String byteToken(int value) {
        return String.format(Locale.ROOT, "0x%02x", value & 0xff);
    }

    /** Tells whether a code point separates words; the same ones as in Python's {@code str.split()}. */
    static boolean isSpace(int codePoint) {
        return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint) || codePoint == 0x85;
    }
}
