package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trains, samples and evaluates on the software device, in checked mode. */
class CommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path dir;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = SmallText.write(dir.resolve("text.txt"), 300);
    }

    private Outcome train(Path out, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", text, "--out", out, "--embed", 8, "--hidden", 16, "--batch", 4,
                "--seq", 10, "--lr", 0.02, "--log-every", 10, "--words", 30));
        arguments.addAll(Arrays.asList(more));
        return Outcome.of(arguments.toArray()).succeeded();
    }

    private static List<JsonNode> metrics(Path run) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private static double perplexity(Outcome evaluation) {
        return Double.parseDouble(evaluation.succeeded().out().replaceFirst("(?s).*perplexity ([0-9.]+) .*", "$1"));
    }

    @Test
    void trainingReportsLearnsMeasuresAndLeavesACompleteFolder() throws IOException {
        Path run = dir.resolve("run");
        Outcome outcome = train(run, "--valid", text, "--test", text, "--epochs", 2);

        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.get(0).startsWith("device: "), outcome.out());
        // 300 lines of 4 to 9 tokens; the windows are what the corpus rules give
        assertTrue(lines.get(1).matches("4 x \\d+ tokens a row, vocabulary 9, \\d+ windows an epoch"), outcome.out());
        assertTrue(outcome.out().contains("Epoch [1/2], Step [0/"), outcome.out());
        assertTrue(outcome.out().contains("Epoch [2/2], validation perplexity: "), outcome.out());
        assertTrue(outcome.out().contains("Test perplexity: "), outcome.out());
        String sample = Files.readString(run.resolve("sample.txt"));
        assertTrue(outcome.out().endsWith("\n\n" + sample), outcome.out());

        try (Stream<Path> files = Files.list(run)) {
            assertEquals(Set.of("model.safetensors", "vocabulary.txt", "config.json", "metrics.jsonl", "sample.txt"),
                    files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()));
        }
        assertEquals("the", Files.readAllLines(run.resolve("vocabulary.txt")).getFirst());
        assertEquals(16, JSON.readTree(run.resolve("config.json").toFile()).at("/model/hidden").asInt());

        List<JsonNode> steps = metrics(run).stream().filter(line -> line.has("step")).toList();
        for (JsonNode step : steps) {
            for (String key : List.of("epoch", "step", "loss", "perplexity", "grad_norm", "lr", "tokens_per_second")) {
                assertTrue(step.path(key).isNumber(), key + " in " + step);
            }
        }
        assertEquals(List.of(0, 10), steps.stream().limit(2).map(step -> step.get("step").asInt()).toList());
        // An even guess among 9 words has perplexity 9; the text is mostly predictable.
        List<JsonNode> epochs = metrics(run).stream().filter(line -> line.has("valid_perplexity")).toList();
        assertEquals(2, epochs.size());
        assertTrue(epochs.get(1).get("valid_perplexity").asDouble() < 4, epochs.toString());
        assertTrue(epochs.get(1).get("valid_perplexity").asDouble() < epochs.get(0).get("valid_perplexity").asDouble(), epochs.toString());
    }

    @Test
    void evalAgreesWithWhatTrainingMeasured() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--valid", text, "--steps", 20);
        double measured = metrics(run).getLast().get("valid_perplexity").asDouble();
        assertEquals(measured, perplexity(Outcome.of("eval", "--model", run, "--data", text)), 0.005 + 1e-6); // two decimals are printed
    }

    @Test
    void evalCountsUnknownWordsOnlyWhereTheVocabularyHasUnk() throws IOException {
        Path other = Files.writeString(dir.resolve("other.txt"), "the cat\nthe bird sat\n");
        Path run = dir.resolve("run");
        train(run, "--steps", 2);
        Outcome refused = Outcome.of("eval", "--model", run, "--data", other);
        assertEquals(1, refused.exitCode());
        assertTrue(refused.err().contains("'bird'") && refused.err().contains(other + ":2:"), refused.err());

        Files.writeString(text, "a rare <unk> word\n", java.nio.file.StandardOpenOption.APPEND);
        Path knowing = dir.resolve("knowing");
        train(knowing, "--steps", 2);
        assertTrue(Outcome.of("eval", "--model", knowing, "--data", other).succeeded().out().contains("over 7 tokens, 1 of them unknown"));
    }

    @Test
    void samplingIsReproducibleAndFollowsSeedAndTemperature() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--steps", 30);
        Outcome one = Outcome.of("sample", "--model", run, "--words", 250, "--seed", 5).succeeded();
        assertEquals(one.out(), Outcome.of("sample", "--model", run, "--words", 250, "--seed", 5).succeeded().out());
        assertNotEquals(one.out(), Outcome.of("sample", "--model", run, "--words", 250, "--seed", 6).succeeded().out());
        assertNotEquals(one.out(), Outcome.of("sample", "--model", run, "--words", 250, "--seed", 5, "--temperature", 3).succeeded().out());
        assertEquals(List.of("sampled 100/250 words", "sampled 200/250 words"), one.err().lines().toList());
        assertFalse(one.out().contains("<eos>"), one.out());

        Path file = dir.resolve("sample.txt");
        assertEquals("", Outcome.of("sample", "--model", run, "--words", 250, "--seed", 5, "--out", file).succeeded().out());
        assertEquals(one.out(), Files.readString(file));
        // <eos> is one of the words and stands as a line's end; the last line ends whether or not it was drawn.
        long words = Arrays.stream(one.out().split("\\s+")).filter(word -> !word.isEmpty()).count();
        long lines = one.out().lines().count();
        assertTrue(words + lines == 250 || words + lines == 251, words + " words and " + lines + " lines");
    }

    @Test
    void theSameSeedGivesTheSameModel() throws IOException {
        Path one = dir.resolve("one");
        Path two = dir.resolve("two");
        train(one, "--steps", 12);
        train(two, "--steps", 12);
        assertEquals(-1, Files.mismatch(one.resolve("model.safetensors"), two.resolve("model.safetensors")));
        assertEquals(Files.readString(one.resolve("sample.txt")), Files.readString(two.resolve("sample.txt")));
        Path other = dir.resolve("other");
        train(other, "--steps", 12, "--seed", 2);
        assertNotEquals(-1, Files.mismatch(one.resolve("model.safetensors"), other.resolve("model.safetensors")));
    }

    @Test
    void graphOnAndOffGiveTheSameModel() throws IOException {
        for (String graph : List.of("on", "off", "auto")) {
            train(dir.resolve(graph), "--steps", 5, "--graph", graph);
            assertEquals(graph, JSON.readTree(dir.resolve(graph).resolve("config.json").toFile()).at("/training/graph").asText());
            assertEquals(-1, Files.mismatch(dir.resolve("on/model.safetensors"), dir.resolve(graph).resolve("model.safetensors")));
        }
        assertTrue(Outcome.of("train", "--help").succeeded().out().contains("--graph"));
    }

    @Test
    void doctorFindsTheHostDeviceSoundAndPrintsItAsJson() throws IOException {
        JsonNode report = JSON.readTree(Outcome.of("doctor", "--device", "host", "--json").succeeded().out());
        assertTrue(report.get("passed").asBoolean() && report.get("checks").size() > 20, report.toString());
        assertTrue(report.at("/environment/device").asText().startsWith("host device"), report.toString());
        // The tutorial's 600 words a step, 3 products with 2 operations for each of 14.9 million weights.
        assertEquals(3 * 2 * 600.0 * (4 * 1024 * (128 + 1024) + 1024 * 10000), report.at("/speed/step_operations").asDouble());
    }

    @Test
    void doctorFailsWhereTheDeviceCannotBeHad() {
        Outcome outcome = Outcome.of("doctor", "--device", "cuda");
        assertEquals(1, outcome.exitCode(), outcome.out());
        assertTrue(outcome.out().contains("missing for a GPU"), outcome.out());
    }

    @Test
    void initStartsFromTheGivenWeights() throws IOException {
        Path first = dir.resolve("first");
        train(first, "--epochs", 2);
        Path second = dir.resolve("second");
        train(second, "--steps", 1, "--init", first.resolve("model.safetensors"), "--seed", 9);
        assertTrue(metrics(second).getFirst().get("perplexity").asDouble() < 4, metrics(second).toString());
    }

    @Test
    void aLossThatIsNoNumberStopsTheRunAndSaysWhere() {
        Path run = dir.resolve("run");
        Outcome outcome = Outcome.of("train", "--data", text, "--out", run, "--embed", 8, "--hidden", 16, "--batch", 4, "--seq", 10,
                "--lr", 1e38, "--clip", 0, "--log-every", 1);
        assertEquals(1, outcome.exitCode());
        for (String part : List.of("diverged", "epoch 1, step ", "gradient norm", "learning rate 1.0E38")) {
            assertTrue(outcome.err().contains(part), outcome.err());
        }
        assertFalse(Files.exists(run.resolve("model.safetensors")));
    }

    @Test
    void withoutArgumentsTheCommandsAreListed() {
        assertTrue(Outcome.of("--help").succeeded().out().contains("train"));
        assertTrue(Outcome.of("train", "--help").succeeded().out().contains("--log-every"));
    }
}
