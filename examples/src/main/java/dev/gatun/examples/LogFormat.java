package dev.gatun.examples;

import java.util.Locale;

/** The values of {@code --log-format}. */
enum LogFormat {
    TEXT, JSON;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads a value as people write it. */
    static final class Reader extends Choice<LogFormat> {
        Reader() {
            super(LogFormat.values());
        }
    }
}
