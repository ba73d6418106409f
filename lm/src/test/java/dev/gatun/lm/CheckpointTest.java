package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
    private static final int BATCH = 3;
    private static final int SEQ = 4;
    private static final ModelConfig CONFIG = new ModelConfig(11, 5, 7, 2);
    private static final long FIRST_WEIGHTS = 3;

    @TempDir
    Path dir;

    private static TrainingOptions options(boolean graph) {
        return new TrainingOptions(BATCH, SEQ, 0.5f, 0.01f, 1, graph);
    }

    /** Trains on random words that depend on the step's number alone. */
    private static void train(Trainer trainer, int from, int to) {
        try (Arena arena = Arena.ofConfined()) {
            for (int step = from; step < to; step++) {
                Random random = new Random(step);
                int[] words = random.ints(2 * BATCH * SEQ, 0, CONFIG.vocabulary()).toArray();
                MemorySegment ids = arena.allocateFrom(ValueLayout.JAVA_INT, words);
                long bytes = ids.byteSize() / 2;
                trainer.step(ids.asSlice(0, bytes), ids.asSlice(bytes));
            }
        }
    }

    private Path checkpoint(String name, long seed, int steps) throws IOException {
        Path file = dir.resolve(name);
        try (LanguageModel model = LanguageModel.create(CONFIG, seed); Trainer trainer = new Trainer(model, options(true))) {
            train(trainer, 0, steps);
            trainer.save(file, Map.of("place", "step " + steps));
        }
        return file;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void trainingGoesOnBitForBit(boolean graph) throws IOException {
        Path whole = checkpoint("whole", FIRST_WEIGHTS, 9);
        Path half = checkpoint("half", FIRST_WEIGHTS, 5);
        Path resumed = dir.resolve("resumed");
        // Other first weights and steps of its own: all that counts must come from the file.
        try (LanguageModel model = LanguageModel.create(CONFIG, 99); Trainer trainer = new Trainer(model, options(graph))) {
            train(trainer, 50, 53);
            assertEquals("step 5", trainer.restore(half).get("place"));
            train(trainer, 5, 9);
            trainer.save(resumed, Map.of("place", "step 9"));
        }
        assertEquals(-1, Files.mismatch(whole, resumed));
    }

    @Test
    void savingChangesNothing() throws IOException {
        Path whole = checkpoint("whole", FIRST_WEIGHTS, 6);
        Path other = dir.resolve("other");
        try (LanguageModel model = LanguageModel.create(CONFIG, FIRST_WEIGHTS); Trainer trainer = new Trainer(model, options(true))) {
            for (int step = 0; step < 6; step++) {
                train(trainer, step, step + 1);
                trainer.save(other, Map.of("place", "step 6"));
            }
        }
        assertEquals(-1, Files.mismatch(whole, other));
        try (Stream<Path> files = Files.list(dir)) {
            assertEquals(2, files.count(), "no temporary file is left");
        }
    }

    private String refused(Path file, ModelConfig config, int batch) throws IOException {
        Path before = dir.resolve("before");
        Path after = dir.resolve("after");
        try (LanguageModel model = LanguageModel.create(config, 1);
                Trainer trainer = new Trainer(model, new TrainingOptions(batch, SEQ, 0.5f, 0.01f, 1))) {
            trainer.save(before, Map.of());
            String message = assertThrows(SafetensorsException.class, () -> trainer.restore(file)).getMessage();
            trainer.save(after, Map.of());
            assertEquals(-1, Files.mismatch(before, after), "a refused file changes nothing");
            assertTrue(message.startsWith(file.toString()), message);
            return message;
        }
    }

    @Test
    void aCheckpointOfOtherSizesIsRefusedByTensor() throws IOException {
        Path file = checkpoint("file", FIRST_WEIGHTS, 1);
        String message = refused(file, new ModelConfig(11, 5, 6, 2), BATCH);
        assertTrue(message.contains("lstm.weight_ih_l0 [24][5]") && message.contains("[28][5]"), message);
        assertTrue(refused(file, CONFIG, BATCH + 1).contains("rnn.cx [224] U8"), "the batch is that of the carried state");
        assertTrue(refused(file, new ModelConfig(11, 5, 7, 1), BATCH).contains("rnn.cx [84] U8"));
    }

    @Test
    void everyFlippedBitIsNoticed() throws IOException {
        Path file = checkpoint("file", FIRST_WEIGHTS, 1);
        byte[] bytes = Files.readAllBytes(file);
        for (int at : new Random(1).ints(100, 0, bytes.length).toArray()) {
            byte[] damaged = bytes.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            Files.write(file, damaged);
            assertThrows(SafetensorsException.class, () -> CheckedFile.open(file).close(), "byte " + at);
        }
    }

    @Test
    void aModelIsNoCheckpoint() throws IOException {
        Path file = dir.resolve("model.safetensors");
        try (LanguageModel model = LanguageModel.create(CONFIG, 1)) {
            model.save(file);
        }
        assertTrue(refused(file, CONFIG, BATCH).contains("not a checkpoint"));
    }

    @Test
    void aCheckpointOfALaterVersionIsRefused() throws IOException {
        Path file = dir.resolve("later");
        Safetensors.write(file, Map.of("gatun.checkpoint", "2"), List.of(), (tensor, values) -> { });
        assertTrue(refused(file, CONFIG, BATCH).contains("version 2; this program reads version 1"));
    }
}
