package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.lm.Safetensors;
import dev.gatun.lm.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that can only get worse stops, says why, and leaves what can be gone on with. */
class DivergenceTest {
    @TempDir
    private Path dir;

    private Path text;
    private Path weights;

    /** Changes the values of a tensor, float32, in place. */
    private interface Change {
        void apply(TensorInfo tensor, MemorySegment values);
    }

    @BeforeEach
    void writeText() throws IOException {
        text = SmallText.write(dir.resolve("text.txt"), 100);
        Files.writeString(text, Files.readString(text) + "the zebra\n");
        weights = dir.resolve("weights.safetensors");
    }

    private Outcome train(Path run, Object... more) {
        return Outcome.of(Arguments.with(List.of("train", "--data", text, "--out", run, "--embed", 4, "--hidden", 8, "--batch", 2, "--seq", 5,
                "--log-every", 1, "--words", 5, "--checkpoint-every", 10), more));
    }

    /** Writes the first weights of a run, changed. */
    private void writeWeights(Change change, Object... options) throws IOException {
        Path run = dir.resolve("first");
        train(run, Arguments.with(List.of("--steps", 1), options)).succeeded();
        try (Safetensors model = Safetensors.open(run.resolve("model.safetensors"))) {
            Map<TensorInfo, MemorySegment> tensors = new LinkedHashMap<>();
            for (TensorInfo tensor : model.tensors().values()) {
                tensors.put(tensor, model.values(tensor));
            }
            Safetensors.write(weights, Map.of(), List.copyOf(tensors.keySet()), (tensor, values) -> {
                values.copyFrom(tensors.get(tensor));
                change.apply(tensor, values);
            });
        }
    }

    /** The last word of the vocabulary, zebra, is in the last window of the text alone. */
    private static void spoilLastWord(TensorInfo tensor, MemorySegment values) {
        if (tensor.name().equals("embed.weight")) {
            values.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, tensor.elements() - 1, Float.NaN);
        }
    }

    @Test
    void theLastCheckpointIsNamedAndCanBeGoneOnFrom() throws IOException {
        writeWeights(DivergenceTest::spoilLastWord);
        Path run = dir.resolve("run");
        Outcome outcome = train(run, "--init", weights);
        assertEquals(1, outcome.exitCode());
        String found = outcome.err();
        assertTrue(found.contains("training diverged: the loss is NaN at epoch 1, step "), found);
        int step = Integer.parseInt(found.replaceFirst("(?s).*epoch 1, step (\\d+) .*", "$1"));
        int saved = (step - 1) / 10 * 10;
        assertTrue(saved >= 10 && saved + 1 < step, found);
        Path checkpoint = run.resolve("checkpoints").resolve("step-" + saved + ".safetensors");
        assertTrue(found.contains("; the last checkpoint is that of step " + saved + ", " + checkpoint + ";"), found);
        assertTrue(Files.exists(checkpoint));

        Outcome again = Outcome.of("train", "--resume", run);
        assertEquals(found, again.err());
        assertTrue(again.out().contains("going on from " + checkpoint), again.out());
        assertTrue(Outcome.of("train", "--resume", run, "--steps", saved + 1).succeeded().out().contains("going on from " + checkpoint));
        Path shorter = dir.resolve("shorter");
        train(shorter, "--init", weights, "--steps", saved + 1).succeeded();
        assertEquals(-1, Files.mismatch(shorter.resolve("model.safetensors"), run.resolve("model.safetensors")));
    }

    @Test
    void whereThereIsAModelItIsSaidHowToBeginWithIt() throws IOException {
        writeWeights(DivergenceTest::spoilLastWord);
        Path valid = SmallText.write(dir.resolve("valid.txt"), 20);
        Path run = dir.resolve("run");
        Outcome outcome = train(run, "--init", weights, "--valid", valid, "--eval-every", 10);
        assertEquals(1, outcome.exitCode());
        Path model = run.resolve("model.safetensors");
        assertTrue(outcome.err().contains("try a lower --lr or --clip, and --init " + model + " to begin with the model saved last"),
                outcome.err());
        Outcome.of("train", "--config", run.resolve("config.json"), "--init", model, "--lr", 1e-4, "--steps", 5, "--out",
                dir.resolve("lower")).succeeded();
    }

    /**
     * Without embeddings and biases the layers' states and the logits are 0, so that the loss is finite; the way back through two
     * layers and the projection with weights near float16's largest gives a gradient that no loss scale makes small enough.
     */
    @Test
    void aGradientThatOverflowsFloat16ForEverStopsTheRun() throws IOException {
        writeWeights((tensor, values) -> {
            boolean silent = tensor.name().contains("embed") || tensor.name().contains("bias") || tensor.name().contains("weight_hh");
            for (long i = 0; i < tensor.elements(); i++) {
                float value = values.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
                values.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, silent ? 0 : 150_000 * value); // those below 0.36
            }
        }, "--layers", 2, "--lr", 1e-4);
        Path run = dir.resolve("run");
        Outcome outcome = train(run, "--init", weights, "--layers", 2, "--precision", "fp16", "--epochs", 1);
        assertEquals(1, outcome.exitCode(), outcome.out());
        for (String part : List.of("training diverged: the gradient overflows float16 at every loss scale at epoch 1, step 31 ",
                "learning rate 0.004", "the last checkpoint is that of step 30, " + run, "--precision bf16 or fp32")) {
            assertTrue(outcome.err().contains(part), outcome.err());
        }
    }
}
