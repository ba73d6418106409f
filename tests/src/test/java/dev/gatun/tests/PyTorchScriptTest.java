package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The script that users are given, {@code examples/pytorch/perplexity.py}, on runs of the command. */
class PyTorchScriptTest {
    @TempDir
    Path dir;

    private static double perplexity(String output) {
        return Double.parseDouble(output.replaceFirst("(?s).*perplexity ([0-9.]+).*", "$1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--embed 6 --layers 2", "--embed 6 --cell gru --layers 2", "--embed 16 --tie", "--embed 8 --proj 8 --tie"})
    void pyTorchFindsThePerplexityThatEvalPrints(String kind) throws IOException, InterruptedException {
        Random random = new Random(2);
        List<String> lines = new ArrayList<>();
        for (int line = 0; line < 300; line++) {
            lines.add(String.join(" ", random.ints(random.nextInt(12), 0, 40).mapToObj(word -> "w" + word * word / 40).toList()));
        }
        Path text = Files.write(dir.resolve("text.txt"), lines);
        Path run = dir.resolve("run");
        List<Object> train = new ArrayList<>(List.of("train", "--data", text, "--out", run, "--hidden", 16, "--batch", 5, "--seq", 10,
                "--steps", 30, "--words", 0, "--quiet"));
        train.addAll(Arrays.asList(kind.split(" ")));
        Forked.gatun(train.toArray()).succeeded();

        double expected = perplexity(Forked.gatun("eval", "--model", run, "--data", text).succeeded());
        Path script = Path.of("..", "examples", "pytorch", "perplexity.py");
        double actual = perplexity(Forked.run(List.of(Peers.python().toString(), script.toString(), run.toString(), text.toString()))
                .succeeded());
        assertEquals(expected, actual, 0.005 + 1e-4 * expected); // eval prints two decimals
    }
}
