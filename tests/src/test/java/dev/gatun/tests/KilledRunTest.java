package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.gatun.lm.Safetensors;
import dev.gatun.lm.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that is killed or stopped at any moment, and resumed, ends with the bits of one that was left alone. */
class KilledRunTest {
    private static final int STEPS = 300;
    private static final int KILLED = 128 + 9;
    private static final int INTERRUPTED = 128 + 2;
    private static final int MINUTES = 5;

    @TempDir
    private Path folder;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = Files.writeString(folder.resolve("text.txt"), "the lock lifts the ship and the next lock lifts it again\n".repeat(200));
    }

    private Object[] train(Path run) {
        return new Object[] {"train", "--data", text, "--valid-split", 0.2, "--test", text, "--embed", 8, "--hidden", 12, "--layers", 2,
            "--batch", 3, "--seq", 5, "--epochs", 100, "--steps", STEPS, "--log-every", 1, "--eval-every", 40, "--checkpoint-every", 7,
            "--schedule", "cosine", "--warmup", 20, "--words", 40, "--out", run};
    }

    @Test
    void threeKillsChangeNothing() throws Exception {
        killAndResume(3, 1);
    }

    @Test
    @Tag("full")
    void twentyKillsChangeNothing() throws Exception {
        killAndResume(20, 2);
    }

    private void killAndResume(int kills, long seed) throws Exception {
        Path whole = folder.resolve("whole");
        Forked.gatun(train(whole)).succeeded();
        long lines = lines(whole);
        Random random = new Random(seed);
        // Moments in the order of the run; the last ones leave room for a process that goes on while it is being killed.
        long[] moments = random.longs(kills, 0, lines / 2).sorted().toArray();
        Path run = folder.resolve("run");
        for (long moment : moments) {
            Process process = start(run);
            waitForLines(process, run, moment);
            TimeUnit.MICROSECONDS.sleep(random.nextInt(20_000));
            process.destroyForcibly();
            assertEquals(KILLED, process.waitFor(), "the run ended before it was killed");
        }
        Process last = start(run);
        assertTrue(last.waitFor(MINUTES, TimeUnit.MINUTES) && last.exitValue() == 0, () -> output(run));
        assertSameRun(whole, run);
    }

    @Test
    void anInterruptLeavesACheckpointAndSaysHowToGoOn() throws Exception {
        Path whole = folder.resolve("whole");
        Forked.gatun(train(whole)).succeeded();
        Path run = folder.resolve("run");
        Process process = start(run);
        waitForLines(process, run, 40);
        interrupt(process);
        assertTrue(process.waitFor(MINUTES, TimeUnit.MINUTES));
        assertEquals(INTERRUPTED, process.exitValue(), output(run));
        assertTrue(output(run).contains("stopping after this step"), output(run));
        assertTrue(output(run).contains("go on with: gatun train --resume " + run), output(run));
        assertEquals(0, start(run).waitFor(), () -> output(run));
        assertSameRun(whole, run);
    }

    @Test
    void anInterruptedRunWithoutAValidationTextLeavesTheModelOfItsLastStep() throws Exception {
        Path run = folder.resolve("run");
        Process process = start(run, "train", "--data", text, "--embed", 8, "--hidden", 12, "--batch", 3, "--seq", 5, "--epochs", 10_000,
                "--log-every", 1, "--words", 4, "--out", run);
        waitForLines(process, run, 250); // the first epoch, of 160 steps, has left a model
        interrupt(process);
        assertTrue(process.waitFor(MINUTES, TimeUnit.MINUTES));
        assertEquals(INTERRUPTED, process.exitValue(), output(run));
        String step = output(run).replaceFirst("(?s).*stopped after step (\\d+) .*", "$1");
        try (Safetensors model = Safetensors.open(run.resolve("model.safetensors"));
                Safetensors checkpoint = Safetensors.open(run.resolve("checkpoints").resolve("step-" + step + ".safetensors"))) {
            for (TensorInfo tensor : model.tensors().values()) {
                assertEquals(-1, model.values(tensor).mismatch(checkpoint.values(tensor)), tensor.toString());
            }
        }
    }

    @Test
    void aSecondInterruptEndsTheRunWithinItsStepAndWhatWasSavedIsWhole() throws Exception {
        Files.writeString(text, Files.readString(text).repeat(20));
        Path run = folder.resolve("run");
        // A step of 20000 tokens in a row takes more than a second.
        Process process = start(run, "train", "--data", text, "--embed", 16, "--hidden", 64, "--layers", 4, "--batch", 1, "--seq", 20000,
                "--steps", 3, "--log-every", 1, "--checkpoint-every", 1, "--words", 4, "--out", run);
        Path checkpoint = run.resolve("checkpoints").resolve("step-1.safetensors");
        waitFor(process, run, () -> Files.exists(checkpoint));
        Thread.sleep(100); // the second step is under way
        interrupt(process);
        waitFor(process, run, () -> output(run).contains("stopping after this step; Ctrl-C once more ends it at once"));
        interrupt(process);
        assertTrue(process.waitFor(MINUTES, TimeUnit.MINUTES));
        assertEquals(INTERRUPTED, process.exitValue(), output(run));
        assertFalse(output(run).contains("stopped after"), output(run));
        try (Stream<Path> files = Files.list(checkpoint.getParent())) {
            assertEquals(List.of(checkpoint), files.toList());
        }
        assertEquals(0, start(run, "train", "--resume", run, "--steps", 2).waitFor(), () -> output(run));
        assertTrue(output(run).contains("going on from " + checkpoint), output(run));
    }

    private static void interrupt(Process process) throws Exception {
        assertEquals(0, new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor());
    }

    /** Begins a run, or goes on with it once it is one. */
    private Process start(Path run) throws IOException {
        return start(run, Files.exists(run.resolve("config.json")) ? new Object[] {"train", "--resume", run} : train(run));
    }

    private Process start(Path run, Object... arguments) throws IOException {
        // A shell that runs the tests in the background has them ignore SIGINT, which a process would inherit.
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
        command.addAll(Forked.gatunCommand(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log(run).toFile()).start();
    }

    private Path log(Path run) {
        return folder.resolve(run.getFileName() + ".log");
    }

    private String output(Path run) {
        try {
            return Files.readString(log(run));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static long lines(Path run) throws IOException {
        Path metrics = run.resolve("metrics.jsonl");
        return Files.exists(metrics) ? Files.readString(metrics).lines().count() : 0;
    }

    private void waitForLines(Process process, Path run, long count) throws Exception {
        waitFor(process, run, () -> lines(run) > count);
    }

    private void waitFor(Process process, Path run, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES);
        while (!condition.call()) {
            if (!process.isAlive() || System.nanoTime() > end) {
                fail("the run has not come as far as was waited for: " + output(run));
            }
            Thread.sleep(1);
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
        Path checkpoint = Path.of("checkpoints", "step-" + STEPS + ".safetensors");
        try (Safetensors one = Safetensors.open(expected.resolve(checkpoint));
                Safetensors two = Safetensors.open(found.resolve(checkpoint))) {
            List<TensorInfo> tensors = new ArrayList<>(one.tensors().values());
            assertEquals("crc32c", tensors.removeLast().name()); // it covers the times, too
            for (TensorInfo tensor : tensors) {
                assertEquals(-1, one.values(tensor).mismatch(two.values(tensor)), tensor.toString());
            }
        }
    }
}
