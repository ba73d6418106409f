package dev.gatun.lm.text;

import java.io.IOException;

/** A text or vocabulary that cannot be used; the message says where, what was found and what was expected. */
public final class TextException extends IOException {
    private static final long serialVersionUID = 1L;

    /** A message shows no more of a text. */
    private static final int LONGEST_QUOTE = 60;

    /** Makes an exception with a message for people. */
    public TextException(String message) {
        super(message);
    }

    /** Puts a text, or the beginning of a long one, in quotes. */
    static String quoted(String text) {
        return "'" + (text.length() <= LONGEST_QUOTE ? text : text.substring(0, LONGEST_QUOTE) + "...") + "'";
    }
}
