package dev.gatun.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** A text of a few words that a small model learns in a few steps. */
final class SmallText {
    private static final String[] LINES = {"the cat sat on the mat", "a dog saw the cat", "the dog sat", "a cat saw a mat on the mat"};

    private SmallText() {}

    /** Writes lines in a fixed random order. */
    static Path write(Path file, int lines) throws IOException {
        StringBuilder text = new StringBuilder();
        Random random = new Random(1);
        for (int i = 0; i < lines; i++) {
            text.append(LINES[random.nextInt(LINES.length)]).append('\n');
        }
        return Files.writeString(file, text);
    }
}
