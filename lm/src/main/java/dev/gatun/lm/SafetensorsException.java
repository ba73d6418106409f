package dev.gatun.lm;

import java.io.IOException;

/** A safetensors file that breaks the format or does not fit the model; the message says where, what was found and expected. */
public final class SafetensorsException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a message for people. */
    public SafetensorsException(String message) {
        super(message);
    }
}
