package dev.gatun.examples;

import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Checks of the files that a command reads, made before it begins. */
final class Inputs {
    private Inputs() {}

    /**
     * Returns the ids of a text's words.
     *
     * @param source where the text is from, for a message
     * @throws CommandException if a word is not in the vocabulary, which has no {@code <unk>} to stand for it
     */
    static int[] encode(String text, Vocabulary vocabulary, String source) {
        try {
            return vocabulary.encode(text);
        } catch (IllegalArgumentException e) {
            throw new CommandException(source + ": " + e.getMessage());
        }
    }

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
