package dev.gatun.examples.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.text.Vocabulary;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs of {@code docs/library.md} print the right numbers. */
class LibraryProgramsTest {
    private interface Program {
        void run(PrintStream out) throws IOException;
    }

    private static List<String> lines(Program program) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        program.run(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void theProductIsThatOfTheMatrices() throws IOException {
        // (1 3 5; 2 4 6) · (1 0; 0 10; 1 0)
        assertEquals(List.of("6.0 30.0", "8.0 40.0"), lines(CublasProduct::run));
    }

    @Test
    void theCustomKernelAddsTwice() throws IOException {
        assertEquals(List.of("[102.5, 105.0, 107.5, 110.0, 112.5]"), lines(CustomKernel::run));
    }

    @Test
    void theReplaysReachTheFibonacciNumber() throws IOException {
        List<String> lines = lines(CapturedGraph::run);
        assertEquals("F(21) = 10946", lines.getFirst());
        assertTrue(lines.getLast().matches("20 replays took [0-9]+\\.[0-9]{3} ms"), lines::toString);
    }

    @Test
    void theModelScoresAndContinuesText(@TempDir Path run) throws IOException {
        Vocabulary vocabulary = Vocabulary.of(List.of("a", "small", "dog", Vocabulary.EOS));
        vocabulary.write(run.resolve("vocabulary.txt"));
        try (LanguageModel model = LanguageModel.create(new ModelConfig(vocabulary.size(), 3, 5, 1), 1)) {
            model.save(run.resolve("model.safetensors"));
        }
        List<String> lines = lines(out -> ContinueText.run(run, "a small dog", out));
        Matcher score = Pattern.compile("Word\\[text=<eos>, logProbability=(-[0-9.]+)], perplexity ([0-9.]+)").matcher(lines.getFirst());
        assertTrue(score.matches(), lines::toString);
        // Four words that an untrained model cannot tell from each other.
        assertEquals(-Math.log(4), Double.parseDouble(score.group(1)), 1);
        assertEquals(4, Double.parseDouble(score.group(2)), 2);
        assertTrue(lines.get(1).startsWith("a small dog"), lines::toString);
    }

    /** Outputs against the equations, gradients against their central differences, both to the five decimals printed. */
    @Test
    void theLstmFollowsItsEquations() throws IOException {
        List<String> lines = lines(CudnnLstm::run);
        assertEquals("x [4][2][3], y [4][2][5]", lines.getFirst());
        double[] inputs = {0.5, 0.5, 0.5, 0.5};
        double[] outputs = outputs(inputs, 1);
        double h = 1e-4;
        for (int step = 0; step < inputs.length; step++) {
            Matcher printed = Pattern.compile("step " + step + ": y (\\S+), dx (\\S+)").matcher(lines.get(1 + step));
            assertTrue(printed.matches(), lines.get(1 + step));
            assertEquals(outputs[step], Double.parseDouble(printed.group(1)), 1e-5);
            double[] above = inputs.clone();
            double[] below = inputs.clone();
            above[step] += h;
            below[step] -= h;
            // One sequence's five hidden units; changing the step's three inputs together counts each of them once.
            double slope = 5 * (sum(outputs(above, 1)) - sum(outputs(below, 1))) / (2 * h) / 3;
            assertEquals(slope, Double.parseDouble(printed.group(2)), 1e-5);
        }
        // Two sequences; changing the five units' biases together changes the five units' outputs.
        double slope = 2 * (sum(outputs(inputs, 1 + h)) - sum(outputs(inputs, 1 - h))) / (2 * h);
        assertEquals(slope, Double.parseDouble(lines.getLast().replace("d forget bias ", "")), 1e-5);
    }

    /** Returns what every hidden unit gives at each step: all weights are equal, so all units are. */
    private static double[] outputs(double[] inputs, double forgetBias) {
        double[] outputs = new double[inputs.length];
        double cell = 0;
        double hidden = 0;
        for (int step = 0; step < inputs.length; step++) {
            double sum = 0.1 * 3 * inputs[step] + 0.1 * 5 * hidden;
            cell = sigmoid(sum + forgetBias) * cell + sigmoid(sum) * Math.tanh(sum);
            hidden = sigmoid(sum) * Math.tanh(cell);
            outputs[step] = hidden;
        }
        return outputs;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
