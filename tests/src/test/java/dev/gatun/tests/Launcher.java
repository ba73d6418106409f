package dev.gatun.tests;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The script that people start, after its first run, in which it says that it prepares. */
final class Launcher {
    static final Path SCRIPT = prepared();

    private Launcher() {}

    private static Path prepared() {
        Path script = Path.of("../gatun").toAbsolutePath().normalize();
        try {
            Forked.run(List.of(script.toString(), "--version")).succeeded();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return script;
    }
}
