package dev.gatun.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the planted violations that checked mode caught in words; {@code target/planted-violations.txt} has the number at the end. */
public final class Violations {
    private static final AtomicInteger CAUGHT = new AtomicInteger();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Violations::write, "planted-violations"));
    }

    private Violations() {}

    /** Notes one more. */
    public static void caught() {
        CAUGHT.incrementAndGet();
    }

    private static void write() {
        try {
            Files.writeString(Path.of("target", "planted-violations.txt"), CAUGHT.get() + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
