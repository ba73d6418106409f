package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tutorial's configuration on the Penn Treebank beside PyTorch: the same initial weights, the same text, each side's own
 * reading of it, and losses that stay together.
 *
 * <p>Rounding is all that may differ. Training multiplies a difference from step to step, so the bound grows with the number
 * of steps: a gradient good to 1e-6 keeps the first 10 losses well within 1e-4 and the first 60 within 1e-3.
 */
class PennTreebankTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @Test
    @Tag("slow")
    void theFirstTenLossesArePyTorchs() throws Exception {
        compare(10, 1e-4);
    }

    @Test
    @Tag("full")
    void theFirstSixtyLossesArePyTorchs() throws Exception {
        compare(60, 1e-3);
    }

    private void compare(int steps, double tolerance) throws Exception {
        Path text = Peers.pennTreebank("ptb.train.txt");
        Path initial = folder.resolve("initial.safetensors");
        Path expectedFile = folder.resolve("pytorch.json");
        Forked.python("tutorial.py", "init", "--data", text, "--out", initial).succeeded();
        Forked.python("tutorial.py", "train", "--data", text, "--init", initial, "--steps", steps, "--out", expectedFile).succeeded();
        Path run = folder.resolve("run");
        String output = Forked.gatun("train", "--data", text, "--preset", "tutorial", "--init", initial, "--steps", steps, "--log-every", 1,
                "--words", 1, "--out", run).succeeded();
        assertTrue(output.contains("20 x 46479 tokens a row, vocabulary 10000, 1549 windows an epoch"), output);

        JsonNode expected = JSON.readTree(expectedFile.toFile()).get("losses");
        List<String> metrics = Files.readAllLines(run.resolve("metrics.jsonl"));
        for (int step = 0; step < steps; step++) {
            double loss = JSON.readTree(metrics.get(step)).get("loss").asDouble();
            double reference = expected.get(step).asDouble();
            assertEquals(reference, loss, tolerance * reference, "loss of step " + step);
        }
    }
}
