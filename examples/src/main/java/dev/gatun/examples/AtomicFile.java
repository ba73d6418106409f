package dev.gatun.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Files that appear whole or not at all: they are written beside their place, and then moved there. */
final class AtomicFile {
    /** Writes a file's content to the path it is given. */
    interface Content {
        void writeTo(Path file) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Writes or replaces a file; what exists and is no regular file, a pipe for example, is written to directly.
     *
     * @throws CommandException if there is no folder for it
     */
    static void write(Path file, Content content) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            content.writeTo(file);
            return;
        }
        Path folder = file.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) {
            throw new CommandException("cannot write " + file + ": there is no folder " + folder);
        }
        Path partial = file.resolveSibling("." + file.getFileName() + ".partial");
        try {
            content.writeTo(partial);
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }
}
