package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each bad input: one message that names what is wrong, an exit code that is not 0, and nothing written. */
class BadInputTest {
    private static final int FAILURE = 1;
    private static final int USAGE = 2;

    @TempDir
    Path dir;

    private Path text;
    private Path out;

    @BeforeEach
    void writeText() throws IOException {
        text = SmallText.write(dir.resolve("text.txt"), 100);
        out = dir.resolve("run");
    }

    /** Trains a tiny model on {@link #text} with further options, which win. */
    private Outcome train(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", text, "--out", out, "--embed", 4, "--hidden", 8, "--batch", 2,
                "--seq", 5, "--steps", 2, "--words", 5));
        for (int i = 0; i < more.length; i += 2) {
            int at = arguments.indexOf(more[i]);
            if (at >= 0) {
                arguments.set(at + 1, more[i + 1]);
            } else {
                arguments.addAll(List.of(more[i], more[i + 1]));
            }
        }
        return Outcome.of(arguments.toArray());
    }

    private Outcome trainWith(String... options) {
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", text, "--out", out, "--embed", 4, "--hidden", 8));
        arguments.addAll(List.of(options));
        return Outcome.of(arguments.toArray());
    }

    private void assertRefused(int exitCode, Outcome outcome, String... parts) {
        assertEquals(exitCode, outcome.exitCode(), outcome.err());
        for (String part : parts) {
            assertTrue(outcome.err().contains(part), outcome.err() + " should contain: " + part);
        }
        assertFalse(outcome.err().contains("\tat ") || outcome.err().contains("Exception"), outcome.err());
        assertTrue(outcome.err().lines().count() <= 3, outcome.err());
        assertFalse(Files.exists(out), "nothing may be written");
    }

    @ParameterizedTest
    @CsvSource({
        "--cell, gru, --proj, 4, '--proj 4 needs --cell lstm'",
        "--proj, 8, --layers, 1, '--proj 8 must be below --hidden, which is 8'",
        "--tie, true, --layers, 1, '--tie needs --embed, which is 4, to be the output''s width, which is 8 (--hidden)'",
        "--tie, true, --layers, 2, ': give --embed 8 or --proj 4'",
        "--tie, true, --proj, 3, 'which is 3 (--proj): give --embed 3 or --proj 4'",
        "--tie, true, --cell, gru, 'give --embed 8 or --hidden 4'",
        "--cell, rnn, --layers, 1, 'expected lstm or gru, got ''rnn'''"})
    void kindsOfModelsThatDoNotFitTogetherAreRefusedByTheirOptions(String option, String value, String other, String otherValue,
            String message) {
        assertRefused(USAGE, trainWith(option + "=" + value, other + "=" + otherValue), message);
    }

    @ParameterizedTest
    @CsvSource({
        "--embed, 0", "--hidden, -1", "--layers, 0", "--batch, 0", "--seq, -5", "--epochs, 0", "--steps, 0", "--log-every, 0",
        "--words, -1", "--lr, 0", "--lr, -0.1", "--lr, NaN", "--lr, Infinity", "--clip, -1", "--hidden, 99999999999", "--hidden, many",
        "--seed, x", "--dropout, 1", "--dropout, -0.1", "--optimizer, lion", "--weight-decay, -1", "--asgd-trigger, -1", "--init-scale, -1",
        "--preset, fast", "--graph, maybe", "--device, tpu", "--precision, int8",
    })
    void aValueOutOfRangeIsAUsageError(String option, String value) {
        assertRefused(USAGE, train(option, value), option, "'" + value + "'", "gatun train --help");
    }

    @Test
    void whatTheOptimizerDoesNotHaveIsRefused() {
        assertRefused(USAGE, train("--weight-decay", 0.1), "adam has no weight decay", "adamw");
        assertRefused(USAGE, train("--asgd-trigger", 5, "--optimizer", "sgd"), "--asgd-trigger needs --optimizer asgd", "sgd averages no");
    }

    @Test
    void anUnknownPresetIsAnsweredWithThoseThereAre() {
        assertRefused(USAGE, train("--preset", "fast"), "quick", "tutorial");
    }

    @Test
    void anUnknownOptionIsAnsweredWithTheNearestOne() {
        assertRefused(USAGE, train("--epoch", 3), "'--epoch'", "--epochs");
        assertRefused(USAGE, Outcome.of("trian"), "'trian'", "train");
    }

    @ParameterizedTest
    @CsvSource({"--data", "--valid", "--test", "--init"})
    void aMissingFileIsNamed(String option) {
        assertRefused(FAILURE, train(option, dir.resolve("none.txt")), dir.resolve("none.txt") + ": there is no such file");
    }

    @ParameterizedTest
    @CsvSource({"--data", "--valid", "--test", "--init"})
    void aFolderIsNoFile(String option) {
        assertRefused(FAILURE, train(option, dir), dir + " is a folder");
    }

    @ParameterizedTest
    @CsvSource({"eval", "score"})
    void aFolderIsNoTextToMeasure(String command) {
        assertRefused(FAILURE, Outcome.of(command, "--model", out, "--data", dir), dir + " is a folder; expected a file");
    }

    @Test
    void aFolderToWriteToThatIsMissingIsNamed() {
        Path other = dir.resolve("other");
        train("--out", other).succeeded();
        Path file = out.resolve("sample.txt");
        assertRefused(FAILURE, Outcome.of("sample", "--model", other, "--out", file), "cannot write " + file + ": there is no folder " + out);
    }

    @ParameterizedTest
    @CsvSource({"--data", "--valid", "--test"})
    void anEmptyFileIsNamed(String option) throws IOException {
        Path empty = Files.createFile(dir.resolve("empty.txt"));
        assertRefused(FAILURE, train(option, empty), empty + ": the file is empty");
    }

    @Test
    void aFileThatIsNotUtf8IsNamed() throws IOException {
        Path binary = Files.write(dir.resolve("binary"), new byte[] {'a', '\n', (byte) 0xff, (byte) 0xfe});
        assertRefused(FAILURE, train("--data", binary), binary + ":2: the line is not UTF-8");
    }

    @Test
    void aTextShorterThanOneWindowSaysHowMuchIsNeeded() throws IOException {
        Path three = Files.writeString(dir.resolve("three.txt"), "a b c\n");
        assertRefused(FAILURE, train("--data", three), three + ": the text has 4 tokens", "need 12");
    }

    @Test
    void aValidationTextWithAnUnknownWordIsPlaced() throws IOException {
        Path other = Files.writeString(dir.resolve("other.txt"), "the cat\nthe bird\n");
        assertRefused(FAILURE, train("--valid", other), other + ":2:", "'bird'");
    }

    @Test
    void aFolderBelowAFileCannotBeMade() {
        assertRefused(FAILURE, train("--out", text.resolve("run")), text + " is a file", "--out");
    }

    @Test
    void aFolderThatHoldsSomethingIsLeftAlone() throws IOException {
        Path kept = Files.writeString(Files.createDirectory(out).resolve("model.safetensors"), "precious");
        Outcome outcome = train();
        assertEquals(FAILURE, outcome.exitCode());
        assertTrue(outcome.err().contains(out + " is not empty"), outcome.err());
        assertEquals("precious", Files.readString(kept));
        try (Stream<Path> files = Files.list(out)) {
            assertEquals(List.of(kept), files.toList());
        }
    }

    @Test
    void initMustBeSafetensors() throws IOException {
        Path file = Files.writeString(dir.resolve("init.safetensors"), "not a model");
        assertRefused(FAILURE, train("--init", file), file.toString());
    }

    @Test
    void initMustFitTheModel() {
        Path other = dir.resolve("other");
        train("--out", other, "--hidden", 6).succeeded();
        Path weights = other.resolve("model.safetensors");
        assertRefused(FAILURE, train("--init", weights), weights.toString(), "lstm.weight_ih_l0", "[32][4]", "[24][4]");
        assertRefused(FAILURE, train("--init", weights, "--hidden", 6, "--layers", 2), weights.toString(), "lstm.weight_ih_l1");
    }

    @Test
    void aModelMustBeTheFolderOfAFinishedRun() {
        assertRefused(FAILURE, Outcome.of("sample", "--model", out), out + " is not the folder of a finished run");
        assertRefused(FAILURE, Outcome.of("eval", "--model", out, "--data", text), out + " is not the folder of a finished run");
        assertRefused(USAGE, Outcome.of("eval", "--data", text), "--model");
    }
}
