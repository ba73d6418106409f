package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a training run shows, in each of its forms. */
class DisplayTest {
    private static final ObjectNode REPORT = RunDirectory.object().put("epoch", 2).put("step", 3).put("loss", 4.6052)
            .put("perplexity", 100.0).put("tokens_per_second", 2950.4);
    private static final ObjectNode VALIDATION = RunDirectory.object().put("epoch", 2).put("step", 4).put("valid_perplexity", 82.345);

    @TempDir
    private Path dir;

    private Outcome train(Path run, Object... more) throws IOException {
        Path text = SmallText.write(dir.resolve("text.txt"), 100);
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", text, "--valid", text, "--out", run, "--embed", 4,
                "--hidden", 8, "--batch", 2, "--seq", 5, "--steps", 4, "--log-every", 2, "--words", 150));
        arguments.addAll(Arrays.asList(more));
        return Outcome.of(arguments.toArray()).succeeded();
    }

    @Test
    void quietPrintsNothingAndLeavesTheSameFiles() throws IOException {
        Outcome outcome = train(dir.resolve("quiet"), "--quiet");
        assertEquals("", outcome.out() + outcome.err());
        Path loud = dir.resolve("loud");
        train(loud);
        for (String file : List.of("model.safetensors", "sample.txt")) {
            assertEquals(-1, Files.mismatch(loud.resolve(file), dir.resolve("quiet").resolve(file)));
        }
        try (Stream<Path> loudFiles = Files.list(loud); Stream<Path> quietFiles = Files.list(dir.resolve("quiet"))) {
            assertEquals(loudFiles.map(Path::getFileName).collect(Collectors.toSet()),
                    quietFiles.map(Path::getFileName).collect(Collectors.toSet()));
        }
    }

    @Test
    void quietStillSaysWhatIsWrong() {
        Outcome outcome = Outcome.of("train", "--data", dir.resolve("none.txt"), "--quiet");
        assertEquals(1, outcome.exitCode());
        assertTrue(outcome.err().contains("none.txt"), outcome.err());
    }

    @Test
    void jsonPrintsTheLinesOfTheMetricsAndNothingElse() throws IOException {
        Outcome outcome = train(dir.resolve("run"), "--log-format", "json");
        assertEquals(Files.readString(dir.resolve("run/metrics.jsonl")), outcome.out());
        assertEquals("", outcome.err());
        assertTrue(outcome.out().contains("\"valid_perplexity\":"), outcome.out());
    }

    @Test
    void anUnknownFormatIsAUsageError() {
        Outcome outcome = Outcome.of("train", "--log-format", "xml");
        assertEquals(2, outcome.exitCode());
        assertTrue(outcome.err().contains("expected text or json, got 'xml'"), outcome.err());
    }

    @Test
    void theBarShowsWhatWasReportedLastBelowWhatWasMeasured() {
        StringWriter out = new StringWriter();
        try (BarView bar = new BarView(new PrintWriter(out), 3, 8, 0, false)) {
            for (int step = 0; step < 4; step++) {
                bar.stepped();
            }
            bar.line(REPORT);
            bar.line(VALIDATION);
        }
        String shown = out.toString();
        int measured = shown.indexOf("\r\033[KEpoch [2/3], validation perplexity: 82.35\n");
        assertTrue(measured >= 0, shown);
        String last = shown.substring(shown.lastIndexOf("\r\033[K"));
        assertTrue(shown.lastIndexOf("\r\033[K") > measured, shown);
        assertTrue(last.contains("50%") && last.contains("4/8") && last.contains("loss 4.61, perplexity 100, 2950 words/s"), shown);
        assertTrue(last.endsWith("\n"), shown);
    }

    @Test
    void thatARunStopsIsSaidAboveTheBar() {
        StringWriter out = new StringWriter();
        try (BarView bar = new BarView(new PrintWriter(out), 3, 8, 0, false)) {
            bar.stepped();
            bar.stopping();
        }
        String shown = out.toString();
        int said = shown.indexOf("\r\033[Kstopping after this step; Ctrl-C once more ends it at once\n");
        assertTrue(said >= 0 && shown.lastIndexOf("\r\033[K") > said, shown);
    }

    @Test
    void onceTrainedTheBarIsLeftAloneAndLinesFollowIt() {
        StringWriter out = new StringWriter();
        BarView bar = new BarView(new PrintWriter(out), 3, 8, 0, false);
        bar.stepped();
        bar.trained();
        int ended = out.toString().length();
        bar.line(RunDirectory.object().put("step", 8).put("test_perplexity", 79.999));
        bar.close();
        assertTrue(out.toString().substring(0, ended).endsWith(")\n"), out.toString());
        assertEquals("Test perplexity: 80.00\n", out.toString().substring(ended));
    }

    @Test
    void theBarOfAResumedRunBeginsWhereTheRunWas() {
        StringWriter out = new StringWriter();
        try (BarView bar = new BarView(new PrintWriter(out), 3, 8, 6, false)) {
            bar.stepped();
        }
        assertTrue(out.toString().contains("7/8"), out.toString());
        assertFalse(out.toString().contains("1/8"), out.toString());
    }
}
