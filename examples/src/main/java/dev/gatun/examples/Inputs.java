package dev.gatun.examples;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Checks of the files that a command reads, made before it begins. */
final class Inputs {
    private Inputs() {}

    /** Checks that each file, where it is not null, exists and may be read. */
    static void requireReadable(Path... files) throws IOException {
        for (Path file : files) {
            if (file == null) {
                continue;
            }
            if (!Files.exists(file)) {
                throw new NoSuchFileException(file.toString());
            }
            if (Files.isDirectory(file)) {
                throw new CommandException(file + " is a folder; expected a file");
            }
            if (!Files.isReadable(file)) {
                throw new AccessDeniedException(file.toString());
            }
        }
    }
}
