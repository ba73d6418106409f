package dev.gatun.lm;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A strict reader of the JSON that a safetensors header uses: objects, strings and arrays of whole numbers that are not
 * negative. What RFC 8259 forbids is refused, and so is a key that an object holds twice.
 */
final class JsonReader {
    private final String where;
    private final String text;
    private int at;

    /** Makes a reader of {@code text}; {@code where} begins every message. */
    JsonReader(String where, String text) {
        this.where = where;
        this.text = text;
    }

    /** Reads the value of a key. */
    interface Member {
        void read(String key) throws SafetensorsException;
    }

    /** Reads an object; {@code member} reads each value once its key has been read. */
    void object(Member member) throws SafetensorsException {
        Set<String> keys = new HashSet<>();
        expect('{');
        if (!skip('}')) {
            do {
                String key = string();
                if (!keys.add(key)) {
                    throw error("the key '" + key + "' for the second time");
                }
                expect(':');
                member.read(key);
            } while (skip(','));
            expect('}');
        }
    }

    /** Reads an array of whole numbers in [0, 2^63) and adds them to {@code into}. */
    void integers(List<Long> into) throws SafetensorsException {
        expect('[');
        if (!skip(']')) {
            do {
                into.add(integer());
            } while (skip(','));
            expect(']');
        }
    }

    private long integer() throws SafetensorsException {
        skipBlanks();
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        String digits = text.substring(start, at);
        try {
            if (digits.length() == 1 || !digits.startsWith("0")) {
                return Long.parseLong(digits);
            }
        } catch (NumberFormatException e) {
            // Empty, or too large: the same message as below.
        }
        at = start;
        throw error("a whole number in [0, 2^63) expected");
    }

    /** Reads a string. */
    String string() throws SafetensorsException {
        expect('"');
        StringBuilder string = new StringBuilder();
        for (char c = next(); c != '"'; c = next()) {
            if (c < ' ') {
                throw error("a control character inside a string");
            }
            string.append(c == '\\' ? escaped() : c);
        }
        return string.toString();
    }

    private char escaped() throws SafetensorsException {
        char c = next();
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> (char) (hexDigit() << 12 | hexDigit() << 8 | hexDigit() << 4 | hexDigit());
            default -> throw error("an unknown escape");
        };
    }

    private int hexDigit() throws SafetensorsException {
        char c = next();
        int digit = c < 128 ? Character.digit(c, 16) : -1;
        if (digit < 0) {
            throw error("four hexadecimal digits expected");
        }
        return digit;
    }

    private char next() throws SafetensorsException {
        if (at == text.length()) {
            throw error("the text ends inside a string");
        }
        return text.charAt(at++);
    }

    /** Checks that nothing but blanks follows. */
    void end() throws SafetensorsException {
        skipBlanks();
        if (at < text.length()) {
            throw error("the end expected");
        }
    }

    private void expect(char c) throws SafetensorsException {
        if (!skip(c)) {
            throw error("'" + c + "' expected");
        }
    }

    private boolean skip(char c) {
        skipBlanks();
        boolean found = at < text.length() && text.charAt(at) == c;
        at += found ? 1 : 0;
        return found;
    }

    private void skipBlanks() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private SafetensorsException error(String what) {
        return new SafetensorsException(where + ": " + what + " at character " + at + ", near '"
                + text.substring(Math.max(0, at - 20), Math.min(text.length(), at + 20)) + "'");
    }
}
