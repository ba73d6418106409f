package dev.gatun.examples;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The values of {@code --graph}. */
enum GraphMode {
    ON, OFF, AUTO;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads a value as people write it. */
    static final class Reader implements ITypeConverter<GraphMode> {
        @Override
        public GraphMode convert(String value) {
            for (GraphMode mode : values()) {
                if (mode.toString().equals(value)) {
                    return mode;
                }
            }
            throw new TypeConversionException("expected on, off or auto, got '" + value + "'");
        }
    }
}
