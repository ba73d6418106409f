package dev.gatun.examples;

import java.util.Locale;

/** The values of {@code --graph}. */
enum GraphMode {
    ON, OFF, AUTO;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads a value as people write it. */
    static final class Reader extends Choice<GraphMode> {
        Reader() {
            super(GraphMode.values());
        }
    }
}
