package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ten training steps under each schedule beside PyTorch with its own schedulers ({@code schedules.py}): the same rates to a float's
 * rounding, and losses as close as those of {@link ParityTest}, with room for what ten updates make of a difference in rounding.
 */
class ScheduleParityTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int STEPS = 10;
    private static final int BATCH = 3;
    private static final int SEQ = 5;
    private static final double LEARNING_RATE = 0.3; // high enough that validation gets worse, which the plateau needs
    private static final double RATE = 1e-7;
    private static final double LOSS = 1e-4;

    @TempDir
    private Path folder;

    @Test
    void ratesAndLossesArePyTorchs() throws Exception {
        String[] words = {"a", "boat", "enters", "the", "lock", "and", "rises"};
        StringBuilder text = new StringBuilder();
        new Random(4).ints(300, 0, words.length + 1).forEach(i -> text.append(i < words.length ? words[i] + " " : "\n"));
        Path data = Files.writeString(folder.resolve("text.txt"), text.append("\n"));
        Path initial = folder.resolve("initial.safetensors");
        try (LanguageModel model = LanguageModel.create(new ModelConfig(words.length + 1, 6, 9, 1), 3)) {
            model.save(initial);
        }
        Path result = folder.resolve("pytorch.json");
        Forked.python("schedules.py", "--data", data, "--init", initial, "--out", result, "--steps", STEPS, "--batch", BATCH, "--seq", SEQ,
                "--lr", LEARNING_RATE).succeeded();
        JsonNode expected = JSON.readTree(result.toFile());

        compare(expected.get("warmup"), data, initial, "constant", "--warmup", "3");
        compare(expected.get("cosine"), data, initial, "cosine", "--lr-min", "0");
        compare(expected.get("steps"), data, initial, "steps", "--lr-steps", "2,5,6");
        JsonNode plateau = expected.get("plateau");
        assertTrue(plateau.get("rates").get(STEPS - 1).asDouble() < LEARNING_RATE, "the rate must have fallen: " + plateau);
        compare(plateau, data, initial, "plateau", "--eval-every", "2");
    }

    private void compare(JsonNode expected, Path data, Path initial, String schedule, String option, String value) throws Exception {
        Path run = folder.resolve(schedule);
        Forked.gatun("train", "--data", data, "--valid", data, "--init", initial, "--out", run, "--embed", 6, "--hidden", 9,
                "--batch", BATCH, "--seq", SEQ, "--steps", STEPS, "--lr", LEARNING_RATE, "--log-every", 1, "--words", 1,
                "--schedule", schedule, option, value).succeeded();
        List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl")).stream().filter(line -> line.contains("\"loss\"")).toList();
        assertEquals(STEPS, lines.size());
        for (int step = 0; step < STEPS; step++) {
            JsonNode line = JSON.readTree(lines.get(step));
            double rate = expected.get("rates").get(step).asDouble();
            double loss = expected.get("losses").get(step).asDouble();
            assertEquals(rate, line.get("lr").asDouble(), RATE * rate, schedule + ", rate of step " + step);
            assertEquals(loss, line.get("loss").asDouble(), LOSS * loss, schedule + ", loss of step " + step);
        }
    }
}
