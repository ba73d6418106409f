package dev.gatun.lm.text;

import java.io.IOException;

/** A text or vocabulary that cannot be used; the message says where, what was found and what was expected. */
public final class TextException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a message for people. */
    public TextException(String message) {
        super(message);
    }
}
