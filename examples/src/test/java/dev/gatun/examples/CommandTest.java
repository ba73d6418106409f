package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gatun.lm.Precision;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

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

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "--cell gru --layers 2; , GRU; gru; 0; false",
        "--proj 8 --tie; , projection 8, tied; lstm; 8; true",
        "--proj 12 --layers 2; , projection 12; lstm; 12; false"})
    void everyKindOfModelIsTrainedMeasuredAndSampledFrom(String options, String described, String cell, int projection, boolean tied)
            throws IOException {
        Path run = dir.resolve("run");
        Outcome outcome = train(run, (Object[]) (options + " --epochs 2 --valid " + text).split(" "));
        assertTrue(outcome.out().contains(described + ": "), outcome.out());
        JsonNode model = JSON.readTree(run.resolve("config.json").toFile()).get("model");
        assertEquals(cell, model.get("cell").asText());
        assertEquals(projection, model.get("projection").asInt());
        assertEquals(tied, model.get("tied").asBoolean());
        // An even guess among 9 words has perplexity 9; the text is mostly predictable.
        assertTrue(perplexity(Outcome.of("eval", "--model", run, "--data", text)) < 4, outcome.out());
        assertFalse(Outcome.of("sample", "--model", run, "--words", 5).succeeded().out().isBlank());
    }

    @Test
    void trainingReportsLearnsMeasuresAndLeavesACompleteFolder() throws IOException {
        Path run = dir.resolve("run");
        Outcome outcome = train(run, "--valid", text, "--test", text, "--epochs", 2);

        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.get(0).startsWith("device: "), outcome.out());
        assertTrue(lines.get(1).matches("tokens: train [0-9,]+ \\(0.0% unknown\\), valid .*, test .*; vocabulary: 9 words"), outcome.out());
        // 300 lines of 4 to 9 tokens; the windows are what the corpus rules give
        assertTrue(lines.get(2).matches("4 x \\d+ tokens a row, vocabulary 9, \\d+ windows an epoch"), outcome.out());
        assertTrue(outcome.out().contains("Epoch [1/2], Step [1/"), outcome.out());
        assertTrue(outcome.out().contains("Epoch [2/2], validation perplexity: "), outcome.out());
        assertTrue(outcome.out().contains("Test perplexity: "), outcome.out());
        String sample = Files.readString(run.resolve("sample.txt"));
        assertTrue(outcome.out().endsWith("\n\n" + sample), outcome.out());

        try (Stream<Path> files = Files.list(run)) {
            assertEquals(Set.of("model.safetensors", "vocabulary.txt", "config.json", "metrics.jsonl", "sample.txt", "checkpoints",
                    "report.html"),
                    files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()));
        }
        assertEquals("the", Files.readAllLines(run.resolve("vocabulary.txt")).getFirst());
        assertEquals(16, JSON.readTree(run.resolve("config.json").toFile()).at("/model/hidden").asInt());

        List<JsonNode> steps = metrics(run).stream().filter(line -> line.has("loss")).toList();
        for (JsonNode step : steps) {
            for (String key : List.of("epoch", "step", "loss", "perplexity", "grad_norm", "lr", "tokens_per_second")) {
                assertTrue(step.path(key).isNumber(), key + " in " + step);
            }
        }
        assertEquals(List.of(1, 11), steps.stream().limit(2).map(step -> step.get("step").asInt()).toList());
        // An even guess among 9 words has perplexity 9; the text is mostly predictable.
        List<JsonNode> epochs = metrics(run).stream().filter(line -> line.has("valid_perplexity")).toList();
        assertEquals(2, epochs.size());
        assertTrue(epochs.get(1).get("valid_perplexity").asDouble() < 4, epochs.toString());
        assertTrue(epochs.get(1).get("valid_perplexity").asDouble() < epochs.get(0).get("valid_perplexity").asDouble(), epochs.toString());
    }

    @ParameterizedTest
    @CsvSource({"quick, adamw, 0.01, 0, 0", "zaremba-medium, sgd, 0, 0.5, 0.05", "zaremba-large, sgd, 0, 0.65, 0.04"})
    void aRunIsDescribedWithItsRegularisation(String preset, String optimizer, double weightDecay, double dropout, double initScale)
            throws IOException {
        Path run = dir.resolve("run");
        train(run, "--preset", preset, "--optimizer", optimizer, "--weight-decay", weightDecay, "--steps", 1, "--valid", text);
        JsonNode options = JSON.readTree(run.resolve("config.json").toFile()).get("options");
        assertEquals(optimizer, options.get("optimizer").asText());
        assertEquals(weightDecay, options.get("weight-decay").asDouble(), 1e-6);
        assertEquals(dropout, options.get("dropout").asDouble(), 1e-6);
        assertEquals(initScale, options.get("init-scale").asDouble(), 1e-6);
    }

    @Test
    void averagedGradientDescentSavesWhatItMeasures() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--optimizer", "asgd", "--dropout", 0.2, "--valid", text, "--steps", 40);
        double measured = metrics(run).stream().filter(line -> line.has("valid_perplexity")).toList().getLast()
                .get("valid_perplexity").asDouble();
        assertEquals(measured, perplexity(Outcome.of("eval", "--model", run, "--data", text)), 0.005 + 1e-6); // two decimals are printed
    }

    @Test
    void evalAgreesWithWhatTrainingMeasured() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--valid", text, "--steps", 20);
        double measured = metrics(run).stream().filter(line -> line.has("valid_perplexity")).toList().getLast().get("valid_perplexity")
                .asDouble();
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
        assertEquals("", one.err());
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
    void samplingGoesOnFromThePromptAndEndsWithItsLines() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--steps", 60);
        Outcome greedy = Outcome.of("sample", "--model", run, "--prompt", "a cat", "--greedy", "--lines", 2).succeeded();
        List<String> lines = greedy.out().lines().toList();
        assertEquals(2, lines.size(), greedy.out());
        assertTrue(lines.getFirst().startsWith("a cat"), greedy.out());
        assertEquals(greedy.out(), Outcome.of("sample", "--model", run, "--prompt", "a cat", "--top-k", 1, "--lines", 2, "--seed", 3)
                .succeeded().out());

        Outcome texts = Outcome.of("sample", "--model", run, "--batch", 3, "--words", 20, "--lines", 1, "--top-p", 0.9).succeeded();
        assertEquals(3, texts.out().split("\n\n").length, texts.out());
        String first = Outcome.of("sample", "--model", run, "--words", 20, "--lines", 1, "--top-p", 0.9).succeeded().out();
        assertTrue(texts.out().startsWith(first + "\n"), texts.out());

        Outcome unknown = Outcome.of("sample", "--model", run, "--prompt", "a bird");
        assertEquals(1, unknown.exitCode());
        assertTrue(unknown.err().contains("--prompt: 'bird' is not in the vocabulary"), unknown.err());
        assertEquals(2, Outcome.of("sample", "--model", run, "--top-p", 1.5).exitCode());
    }

    @Test
    void scoresAddUpToThePerplexityThatEvalPrints() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--steps", 30);
        Outcome scored = Outcome.of("score", "--model", run, "--data", text).succeeded();
        List<String> words = Files.readAllLines(text).stream().flatMap(line -> Stream.of((line + " <eos>").split(" "))).toList();
        List<String[]> lines = scored.out().lines().map(line -> line.split("\t")).toList();
        assertEquals(words.subList(1, words.size()), lines.stream().map(line -> line[0]).toList());
        double total = lines.stream().mapToDouble(line -> Double.parseDouble(line[1])).sum();
        String[] summary = scored.err().strip().split(" ");
        // Numbers are printed to six decimals, the total to four, and the perplexity to two.
        assertEquals(total, Double.parseDouble(summary[1]), 1e-4 + 1e-6 * lines.size(), scored.err());
        assertEquals(Math.exp(-total / lines.size()), Double.parseDouble(summary[summary.length - 1]), 0.01, scored.err());
    }

    @Test
    void scoresOfCharactersAreALineEachToo() throws IOException {
        Path run = dir.resolve("run");
        Path tabs = Files.writeString(dir.resolve("tabs.txt"), "a\tb\n".repeat(50));
        Outcome.of("train", "--data", tabs, "--tokenizer", "char", "--out", run, "--embed", 4, "--hidden", 8, "--batch", 2, "--seq", 5,
                "--steps", 2, "--words", 5).succeeded();
        List<String> lines = Outcome.of("score", "--model", run, "--data", tabs).succeeded().out().lines().toList();
        List<String> words = lines.stream().map(line -> line.substring(0, line.indexOf('\t'))).toList();
        assertEquals(199, lines.size());
        assertEquals(List.of("\\t", "b", "\\n", "a"), words.subList(0, 4));
    }

    @Test
    void scoreReadsTheStandardInputAndRefusesWhatIsNotUtf8() throws IOException {
        Path run = dir.resolve("run");
        train(run, "--steps", 2);
        String expected = Outcome.of("score", "--model", run, "--data", text).succeeded().out();
        assertEquals(expected, scoreOf(run, Files.readAllBytes(text)).succeeded().out());
        Outcome refused = scoreOf(run, new byte[] {'t', 'h', 'e', ' ', (byte) 0xff});
        assertEquals(1, refused.exitCode());
        assertTrue(refused.err().contains("the standard input is not UTF-8 text"), refused.err());
    }

    private static Outcome scoreOf(Path run, byte[] input) {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(input));
        try {
            return Outcome.of("score", "--model", run, "--data", "-");
        } finally {
            System.setIn(before);
        }
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
            assertEquals(graph, JSON.readTree(dir.resolve(graph).resolve("config.json").toFile()).at("/options/graph").asText());
            assertEquals(-1, Files.mismatch(dir.resolve("on/model.safetensors"), dir.resolve(graph).resolve("model.safetensors")));
        }
        assertTrue(Outcome.of("train", "--help").succeeded().out().contains("--graph"));
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void theModelOfEveryPrecisionIsKeptInFloat32AndItsPrecisionRecorded(Precision precision) throws IOException {
        train(dir.resolve("run"), "--steps", 5, "--precision", precision);
        assertEquals(precision.toString(), JSON.readTree(dir.resolve("run/config.json").toFile()).at("/options/precision").asText());
        train(dir.resolve("fp32"), "--steps", 5);
        boolean same = Files.mismatch(dir.resolve("fp32/model.safetensors"), dir.resolve("run/model.safetensors")) == -1;
        assertEquals(precision == Precision.FP32 || precision == Precision.TF32, same);
        assertEquals(Files.size(dir.resolve("fp32/model.safetensors")), Files.size(dir.resolve("run/model.safetensors")));
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
        for (String part : List.of("diverged", "epoch 1, step ", "gradient norm", "learning rate 1.0E38", "there is no checkpoint")) {
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
