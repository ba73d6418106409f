package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run goes on from its checkpoints as if it had never been stopped, or says why not. */
class ResumeTest {
    @TempDir
    Path dir;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = SmallText.write(dir.resolve("text.txt"), 100);
    }

    private Outcome train(Path out, Object... more) {
        return Outcome.of(Arguments.with(List.of("train", "--data", text, "--valid", text, "--test", text, "--out", out, "--embed", 4,
                "--hidden", 8, "--batch", 2, "--seq", 5, "--log-every", 7, "--words", 10, "--checkpoint-every", 10, "--keep", 3), more));
    }

    private static Outcome resume(Path run, Object... more) {
        return Outcome.of(Arguments.with(List.of("train", "--resume", run), more));
    }

    private static Path newest(Path run) throws IOException {
        try (Stream<Path> files = Files.list(run.resolve("checkpoints"))) {
            return files.max(Comparator.comparing((Path file) -> file.toString().length()).thenComparing(file -> file)).orElseThrow();
        }
    }

    private static List<String> withoutTimes(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(",?\"(seconds|tokens_per_second)\":[^,}]*", "")).toList();
    }

    private static void assertSameRun(Path expected, Path found) throws IOException {
        for (String file : List.of("model.safetensors", "sample.txt", "vocabulary.txt")) {
            assertEquals(-1, Files.mismatch(expected.resolve(file), found.resolve(file)), file);
        }
        assertEquals(withoutTimes(expected), withoutTimes(found));
    }

    /** Goes on from each checkpoint of a run in the folder {@code whole}. */
    private void assertTheEndIsTheSameFromEachCheckpoint(Path whole) throws IOException {
        List<Path> checkpoints;
        try (Stream<Path> files = Files.list(whole.resolve("checkpoints"))) {
            checkpoints = files.toList();
        }
        assertTrue(checkpoints.size() > 6, checkpoints.toString());
        for (Path checkpoint : checkpoints) {
            Path copy = dir.resolve("from-" + checkpoint.getFileName());
            Files.createDirectories(copy.resolve("checkpoints"));
            for (String file : List.of("config.json", "metrics.jsonl", "model.safetensors")) {
                Files.copy(whole.resolve(file), copy.resolve(file));
            }
            Files.copy(checkpoint, copy.resolve("checkpoints").resolve(checkpoint.getFileName()));
            resume(copy).succeeded();
            assertSameRun(whole, copy);
        }
    }

    @Test
    void fromEachCheckpointOfARunTheEndIsTheSame() throws IOException {
        Path whole = dir.resolve("whole");
        train(whole, "--epochs", 2, "--keep", 100, "--checkpoint-every", 20, "--schedule", "plateau", "--eval-every", 9, "--warmup", 5).succeeded();
        assertTheEndIsTheSameFromEachCheckpoint(whole);
    }

    @Test
    void averagingStartsAtTheSameStepInARunThatGoesOn() throws IOException {
        Path whole = dir.resolve("whole");
        // At a rate this high the loss goes up and down.
        train(whole, "--epochs", 2, "--steps", 90, "--keep", 100, "--optimizer", "asgd", "--asgd-trigger", 2, "--lr", 30, "--eval-every",
                4).succeeded();
        List<String> starts = withoutTimes(whole).stream().filter(line -> line.contains("\"averaging_starts\":true")).toList();
        assertEquals(1, starts.size(), starts.toString());
        int start = Integer.parseInt(starts.getFirst().replaceFirst(".*\"step\":(\\d+).*", "$1"));
        assertTrue(start > 10 && start < 80, "checkpoints must be before and after step " + start);
        assertTheEndIsTheSameFromEachCheckpoint(whole);
    }

    @Test
    void aRunWithoutACheckpointYetBeginsAnew() throws IOException {
        Path whole = dir.resolve("whole");
        train(whole, "--epochs", 1).succeeded();
        Path copy = Files.createDirectory(dir.resolve("copy"));
        Files.copy(whole.resolve("config.json"), copy.resolve("config.json"));
        Files.writeString(copy.resolve("metrics.jsonl"), "{\"half\":");
        Files.writeString(copy.resolve(".model.safetensors.1234.tmp"), "half");
        assertTrue(resume(copy).succeeded().out().contains("no checkpoint yet; beginning anew"));
        assertSameRun(whole, copy);
        assertFalse(Files.exists(copy.resolve(".model.safetensors.1234.tmp")));
    }

    @Test
    void aDamagedCheckpointIsNamedAndTheOneBeforeItIsUsed() throws IOException {
        Path whole = dir.resolve("whole");
        train(whole, "--epochs", 1).succeeded();
        Path run = dir.resolve("run");
        train(run, "--epochs", 1).succeeded();
        byte[] bytes = Files.readAllBytes(newest(run));
        bytes[bytes.length / 2] ^= 4;
        Files.write(newest(run), bytes);
        Path damaged = newest(run);
        Outcome outcome = resume(run).succeeded();
        assertTrue(outcome.out().contains(damaged + ": damaged"), outcome.out());
        assertTrue(outcome.out().contains("going on from "), outcome.out());
        assertSameRun(whole, run);
    }

    @Test
    void whereNoCheckpointIsSoundTheRunStaysAsItIs() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--steps", 12, "--keep", 1).succeeded();
        Files.writeString(newest(run), "nothing");
        List<String> before = Files.readAllLines(run.resolve("metrics.jsonl"));
        Outcome outcome = resume(run);
        assertEquals(1, outcome.exitCode());
        assertTrue(outcome.err().contains("none of the 1 checkpoints can be used"), outcome.err());
        assertEquals(before, Files.readAllLines(run.resolve("metrics.jsonl")));
    }

    @Test
    void aRunIsExtended() throws IOException {
        Path longer = dir.resolve("longer");
        train(longer, "--steps", 40, "--eval-every", 20).succeeded();
        Path run = dir.resolve("run");
        train(run, "--steps", 20, "--eval-every", 20).succeeded();
        resume(run, "--steps", 40).succeeded();
        assertEquals(-1, Files.mismatch(longer.resolve("model.safetensors"), run.resolve("model.safetensors")));
        assertTrue(Files.readString(run.resolve("config.json")).contains("\"steps\" : 40"));
        assertTrue(resume(run).succeeded().out().contains("all 40 steps are done"));
        Outcome fewer = resume(run, "--steps", 30);
        assertEquals(2, fewer.exitCode());
        assertTrue(fewer.err().contains("has done 40 steps already, and 30 are asked for"), fewer.err());
    }

    @Test
    void anOptionThatWouldMakeAnotherRunIsRefusedByName() {
        Path run = dir.resolve("run");
        train(run, "--steps", 5).succeeded();
        Outcome outcome = resume(run, "--hidden", 9, "--lr", 0.5, "--seq", 5);
        assertEquals(2, outcome.exitCode());
        assertTrue(outcome.err().contains("--hidden (it is 8), --lr (it is 0.004); "), outcome.err());
        assertFalse(outcome.err().contains("--seq"), "the value it has is no change: " + outcome.err());
        assertEquals(2, resume(run, "--out", dir).exitCode());
    }

    @Test
    void anotherTextIsRefused() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--steps", 5).succeeded();
        Path copy = Files.copy(text, dir.resolve("elsewhere.txt"));
        resume(run, "--data", copy, "--steps", 6).succeeded();
        SmallText.write(text, 101);
        Outcome outcome = resume(run, "--data", text);
        assertEquals(1, outcome.exitCode());
        assertTrue(outcome.err().contains(", training text (it was "), outcome.err());
    }

    @Test
    void aChangedConfigurationIsRefused() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--steps", 5).succeeded();
        Path config = run.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"lr\" : 0.004", "\"lr\" : 0.005"));
        Outcome outcome = resume(run);
        assertEquals(1, outcome.exitCode());
        assertTrue(outcome.err().contains("changed: lr (it was 0.004, and is 0.005)"), outcome.err());
    }

    @Test
    void aRunThatAnotherProcessTrainsIsLeftAlone() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--steps", 12).succeeded();
        Path halfWritten = Files.writeString(run.resolve("checkpoints").resolve(".step-14.safetensors.1234.tmp"), "half");
        byte[] config = Files.readAllBytes(run.resolve("config.json"));
        try (Metrics metrics = Metrics.open(run.resolve("metrics.jsonl"), 100, 0, List.of())) {
            Outcome outcome = resume(run, "--steps", 20);
            assertEquals(1, outcome.exitCode());
            assertTrue(outcome.err().contains("another process trains in this folder"), outcome.err());
        }
        assertTrue(Files.exists(halfWritten));
        assertArrayEquals(config, Files.readAllBytes(run.resolve("config.json")));
        resume(run, "--steps", 20).succeeded();
        assertFalse(Files.exists(halfWritten));
    }

    @Test
    void aFolderWithoutARunIsNamed() {
        Outcome outcome = resume(dir);
        assertEquals(1, outcome.exitCode());
        assertTrue(outcome.err().contains(dir + " is not the folder of a run: there is no " + dir.resolve("config.json")), outcome.err());
    }

    @Test
    void onlyTheNewestCheckpointsAreKept() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--steps", 47, "--keep", 2).succeeded();
        try (Stream<Path> files = Files.list(run.resolve("checkpoints"))) {
            assertEquals(Set.of("step-40.safetensors", "step-47.safetensors"),
                    files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()));
        }
    }
}
