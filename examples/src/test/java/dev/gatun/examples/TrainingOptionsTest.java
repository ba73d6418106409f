package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Schedules, validation, early stopping and configurations, as the command applies them. */
class TrainingOptionsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path dir;

    private Path text;
    private Path run;

    @BeforeEach
    void writeText() throws IOException {
        text = SmallText.write(dir.resolve("text.txt"), 100);
        run = dir.resolve("run");
    }

    private Outcome train(Object... more) {
        return Outcome.of(Arguments.with(List.of("train", "--data", text, "--out", run, "--embed", 4, "--hidden", 8, "--batch", 2,
                "--seq", 5, "--log-every", 1, "--words", 5, "--lr", 0.01), more));
    }

    private List<JsonNode> lines(String key) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            JsonNode json = JSON.readTree(line);
            assertTrue(json.get("seconds").asDouble() > 0 && json.has("step"), line);
            if (json.has(key)) {
                lines.add(json);
            }
        }
        return lines;
    }

    private void assertRates(double... expected) throws IOException {
        double[] rates = lines("lr").stream().mapToDouble(line -> line.get("lr").asDouble()).toArray();
        assertEquals(expected.length, rates.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], rates[i], 1e-7 * expected[i], "step " + (i + 1)); // rates are floats
        }
    }

    @Test
    void theRateWarmsUpAndFallsAlongACosine() throws IOException {
        train("--steps", 6, "--schedule", "cosine", "--warmup", 2, "--lr-min", 0.002).succeeded();
        double half = Math.sqrt(0.5);
        assertRates(0.005, 0.01, 0.01, 0.002 + 0.004 * (1 + half), 0.006, 0.002 + 0.004 * (1 - half));
    }

    @Test
    void theRateFallsAtTheGivenSteps() throws IOException {
        train("--steps", 5, "--schedule", "steps", "--lr-steps", "2,4", "--lr-factor", 0.5).succeeded();
        assertRates(0.01, 0.01, 0.005, 0.005, 0.0025);
    }

    @Test
    void theRateFallsWhereValidationDoesNotImprove() throws IOException {
        // At a rate this high the loss goes up and down.
        train("--steps", 60, "--lr", 1, "--schedule", "plateau", "--eval-every", 2, "--lr-factor", 0.5, "--lr-min", 0.1, "--valid", text)
                .succeeded();
        List<JsonNode> rates = lines("lr");
        List<JsonNode> validations = lines("valid_perplexity");
        double scale = 1;
        double best = Double.POSITIVE_INFINITY;
        int falls = 0;
        for (JsonNode validation : validations) {
            int step = validation.get("step").asInt();
            double loss = Math.log(validation.get("valid_perplexity").asDouble());
            boolean better = loss < best * (1 - 1e-4);
            scale = better ? scale : Math.max(0.1, scale / 2);
            best = better ? loss : best;
            falls += better ? 0 : 1;
            if (step < 60) {
                assertEquals(scale, rates.get(step).get("lr").asDouble(), 1e-7, "the step after " + step);
            }
        }
        assertTrue(falls > 0);
    }

    @Test
    void averagingStartsWhereValidationIsWorseThanBeforeTheInterval() throws IOException {
        // At a rate this high the loss goes up and down.
        Outcome outcome = train("--steps", 60, "--lr", 30, "--optimizer", "asgd", "--asgd-trigger", 3, "--eval-every", 2, "--valid", text)
                .succeeded();
        List<Double> before = new ArrayList<>();
        int expected = 0;
        for (JsonNode validation : lines("valid_perplexity")) {
            double perplexity = validation.get("valid_perplexity").asDouble();
            int compared = before.size() - 3;
            if (expected == 0 && compared > 0 && perplexity > Collections.min(before.subList(0, compared))) {
                expected = validation.get("step").asInt();
            }
            before.add(perplexity);
        }
        assertTrue(expected > 0, before.toString());
        assertEquals(List.of(expected), lines("averaging_starts").stream().map(line -> line.get("step").asInt()).toList());
        assertTrue(outcome.out().contains("; parameters are averaged from here on"), outcome.out());
    }

    @Test
    void trainingStopsWhereValidationDoesNotImproveAndTheBestModelIsKept() throws IOException {
        Outcome outcome = train("--epochs", 30, "--lr", 1, "--eval-every", 3, "--patience", 2, "--valid", text, "--test", text)
                .succeeded();
        List<JsonNode> validations = lines("valid_perplexity");
        int count = validations.size();
        assertTrue(count >= 3, validations.toString());
        assertTrue(validations.stream().skip(count - 2).noneMatch(line -> line.get("best").asBoolean()), validations.toString());
        JsonNode best = validations.get(count - 3);
        assertTrue(best.get("best").asBoolean(), validations.toString());
        assertTrue(outcome.out().contains("stopped early; the best model is that of step " + best.get("step").asInt()), outcome.out());
        // The validation text is the test text.
        assertEquals(best.get("valid_perplexity").asDouble(), lines("test_perplexity").getFirst().get("test_perplexity").asDouble());
    }

    @Test
    void eachEpochEndsWithASample() throws IOException {
        train("--epochs", 3).succeeded();
        List<JsonNode> samples = lines("sample");
        assertEquals(List.of(1, 2, 3), samples.stream().map(line -> line.get("epoch").asInt()).toList());
        assertTrue(samples.stream().allMatch(line -> line.get("sample").asText().length() > 30), samples.toString());
    }

    @Test
    void aShareOfTheLinesIsHeldOut() throws IOException {
        String first = train("--valid-split", 0.3, "--steps", 2).succeeded().out();
        assertEquals(1, lines("valid_perplexity").size());
        // The tokens that are left to train on: about 0.7 of 100 lines of 4 to 9 tokens.
        int tokens = 2 * Integer.parseInt(first.replaceFirst("(?s).*2 x (\\d+) tokens.*", "$1"));
        assertTrue(tokens > 0.55 * 600 && tokens < 0.85 * 600, first);
        Outcome none = train("--valid-split", 0.0001, "--out", dir.resolve("none"));
        assertTrue(none.exitCode() == 1 && none.err().contains("leaves 100 to train on and 0 to validate on"), none.err());
    }

    @Test
    void aConfigurationGivesTheDefaultsAndTheCommandLineWins() throws IOException {
        train("--steps", 3, "--seed", 7, "--schedule", "steps", "--lr-steps", "1,2").succeeded();
        Path second = dir.resolve("second");
        Outcome.of("train", "--config", run.resolve("config.json"), "--out", second).succeeded();
        assertEquals(-1, Files.mismatch(run.resolve("model.safetensors"), second.resolve("model.safetensors")));
        Path third = dir.resolve("third");
        Outcome.of("train", "--config", run.resolve("config.json"), "--out", third, "--hidden", 12).succeeded();
        JsonNode config = JSON.readTree(third.resolve("config.json").toFile());
        assertEquals(12, config.at("/model/hidden").asInt());
        assertEquals(4, config.at("/options/embed").asInt());
        assertEquals("1,2", config.at("/options/lr-steps").asText());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{'options':{'hiden':3}}                | unknown key 'hiden'; did you mean 'hidden'?",
        "{'options':{},'optons':{}}             | unknown key 'optons'; did you mean 'options'?",
        "{'hidden':3}                           | expected a JSON object with an object \"options\"",
        "[1]                                    | expected a JSON object",
        "{'options':{'hidden':3}                | :1: not JSON",
        "{'options':{'hidden':3,'hidden':4}}    | :1: not JSON: Duplicate",
        "{'options':{}} x                       | not JSON",
        "``                                     | expected a JSON object",
        "{'options':{'hidden':{}}}              | the value of 'hidden' must be",
        "{'options':{'layers':'many'}}          | '--layers': expected a whole number",
        "{'options':{'layers':-3}}              | got '-3'",
        "{'options':{'schedule':'sines'}}       | expected constant, cosine, plateau or steps",
        "{'options':{'preset':true}}            | expected quick, tutorial, zaremba-medium or zaremba-large"})
    void aWrongConfigurationIsOneClearError(String json, String message) throws IOException {
        Path config = Files.writeString(dir.resolve("config.json"), json.replace('\'', '"'));
        Outcome outcome = train("--config", config);
        assertEquals(1, outcome.exitCode());
        assertTrue(outcome.err().contains(config.toString()) && outcome.err().contains(message), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertFalse(Files.exists(run));
    }

    @ParameterizedTest
    @CsvSource({"--patience, 2", "--eval-every, 5", "--schedule, plateau", "--asgd-trigger, 5", "--schedule, steps", "--lr-min, 2", "--valid-split, 1",
        "--lr-steps, '1,x'", "--warmup, -1", "--keep, 0"})
    void anOptionThatCannotWorkIsAUsageError(String option, String value) {
        Outcome outcome = train(option, value);
        assertEquals(2, outcome.exitCode(), outcome.err());
        assertTrue(outcome.err().contains(option), outcome.err());
        assertFalse(Files.exists(run));
    }
}
