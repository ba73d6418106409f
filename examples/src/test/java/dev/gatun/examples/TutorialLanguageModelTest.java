package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TutorialLanguageModelTest {
    @TempDir
    Path dir;

    @Test
    void theProgramTrainsReportsAndSamples() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        TutorialLanguageModel.run(SmallText.write(dir.resolve("text.txt"), 1000), 32, 4, 40, out);

        String printed = bytes.toString(StandardCharsets.UTF_8);
        List<Double> perplexities = Pattern.compile("Epoch \\[\\d/4], Step\\[0/\\d+], Loss: [0-9.]+, Perplexity: +([0-9.]+)")
                .matcher(printed).results().map((MatchResult match) -> Double.valueOf(match.group(1))).toList();
        assertTrue(perplexities.size() == 4 && perplexities.getLast() < 0.8 * perplexities.getFirst(), printed);
        assertTrue(printed.substring(printed.lastIndexOf("Perplexity")).contains("the"), printed);
    }
}
