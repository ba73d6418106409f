package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LanguageModelTest {
    private static final ModelConfig CONFIG = new ModelConfig(11, 5, 7, 2);

    @TempDir
    Path dir;

    private static void assertSame(Map<String, double[]> expected, Map<String, double[]> found) {
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, found.get(name), name));
    }

    @Test
    void firstValuesDependOnSeedAndNameAlone() {
        try (LanguageModel one = LanguageModel.create(CONFIG, 3);
                LanguageModel more = LanguageModel.create(new ModelConfig(11, 5, 7, 3), 3)) {
            Map<String, double[]> expected = ReferenceModel.read(one.parameters());
            Map<String, double[]> found = ReferenceModel.read(more.parameters());
            found.keySet().retainAll(expected.keySet());
            assertSame(expected, found);
            float[] weights = new float[4 * 7 * 5];
            new Initializer(3).uniform("lstm.weight_ih_l0", 1 / Math.sqrt(7), 0, MemorySegment.ofArray(weights));
            for (int i = 0; i < weights.length; i++) {
                assertEquals(weights[i], expected.get("lstm.weight_ih_l0")[i], "index " + i);
            }
        }
    }

    @Test
    void aSavedModelIsLoadedWithItsSizesAndBits() throws IOException {
        Path file = dir.resolve("model.safetensors");
        try (LanguageModel model = LanguageModel.create(CONFIG, 3)) {
            model.save(file);
            try (LanguageModel loaded = LanguageModel.load(file)) {
                assertEquals(CONFIG, loaded.config());
                assertSame(ReferenceModel.read(model.parameters()), ReferenceModel.read(loaded.parameters()));
            }
            try (LanguageModel other = LanguageModel.create(CONFIG, 4)) {
                other.loadWeights(file);
                assertSame(ReferenceModel.read(model.parameters()), ReferenceModel.read(other.parameters()));
            }
        }
    }

    private static ModelConfig[] kinds() {
        return new ModelConfig[] {new ModelConfig(11, 5, 7, 3, Cell.LSTM, 4, false), new ModelConfig(11, 7, 7, 1, Cell.LSTM, 0, true),
            new ModelConfig(11, 4, 7, 2, Cell.LSTM, 4, true), new ModelConfig(11, 5, 7, 2, Cell.GRU, 0, false),
            new ModelConfig(11, 7, 7, 8, Cell.GRU, 0, true)};
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aFileSaysByNamesAndShapesWhatKindOfModelItHolds(ModelConfig config) throws IOException {
        Path file = dir.resolve("model.safetensors");
        try (LanguageModel model = LanguageModel.create(config, 3)) {
            model.save(file);
            try (LanguageModel loaded = LanguageModel.load(file)) {
                assertEquals(config, loaded.config());
                assertSame(ReferenceModel.read(model.parameters()), ReferenceModel.read(loaded.parameters()));
            }
        }
    }

    /** As the state dict of a tied PyTorch module has both names. */
    @Test
    void aTiedModelTakesAnOutputMatrixThatEqualsTheEmbeddingAndNoOther() throws IOException {
        Path file = dir.resolve("model.safetensors");
        try (LanguageModel model = LanguageModel.create(new ModelConfig(11, 7, 7, 1, Cell.LSTM, 0, true), 3)) {
            Map<String, double[]> before = ReferenceModel.read(model.parameters());
            writeBoth(file, model, 0);
            try (LanguageModel loaded = LanguageModel.load(file)) {
                assertEquals(model.config(), loaded.config());
            }
            model.loadWeights(file);
            writeBoth(file, model, 1);
            String message = assertThrows(SafetensorsException.class, () -> model.loadWeights(file)).getMessage();
            assertEquals(file + ": linear.weight differs from embed.weight, which are one matrix in a tied model", message);
            assertSame(before, ReferenceModel.read(model.parameters()));
            try (LanguageModel loaded = LanguageModel.load(file)) {
                assertFalse(loaded.config().tied());
            }
        }
    }

    /** Writes a tied model's tensors, and its embedding again as linear.weight, {@code more} added to its last value. */
    private static void writeBoth(Path file, LanguageModel model, float more) throws IOException {
        List<TensorInfo> tensors = new ArrayList<>(model.parameters().tensors());
        TensorInfo embed = model.parameters().tensor("embed.weight");
        tensors.add(TensorInfo.of("linear.weight", 11, 7));
        Safetensors.write(file, Map.of(), tensors, (tensor, values) -> {
            boolean linear = tensor.name().equals("linear.weight");
            model.parameters().copyTo(linear ? embed : tensor, values);
            if (linear) {
                long last = tensor.elements() - 1;
                values.setAtIndex(ValueLayout.JAVA_FLOAT, last, values.getAtIndex(ValueLayout.JAVA_FLOAT, last) + more);
            }
        });
    }

    /** The safetensors package notes of a name that it leaves out which tensor it is. */
    @Test
    void aTiedModelsFileNotesWhatIsLeftOut() throws IOException {
        Path file = dir.resolve("model.safetensors");
        try (LanguageModel model = LanguageModel.create(new ModelConfig(11, 7, 7, 1, Cell.LSTM, 0, true), 3)) {
            model.save(file);
        }
        try (Safetensors saved = Safetensors.open(file)) {
            assertEquals(Map.of("format", "pt", "linear.weight", "embed.weight"), saved.metadata());
            assertFalse(saved.tensors().containsKey("linear.weight"));
        }
    }

    @Test
    void firstValuesHaveTheRangesOfPyTorchsLayers() {
        ModelConfig config = new ModelConfig(11, 4, 9, 1, Cell.LSTM, 4, true);
        try (LanguageModel model = LanguageModel.create(config, 3)) {
            // 1/√4 for what the linear layer uses, 1/√9 for the LSTM; among so many values one is in the range's last tenth.
            ReferenceModel.read(model.parameters()).forEach((name, values) -> {
                double bound = name.startsWith("lstm.") ? 1 / 3.0 : 1 / 2.0;
                double largest = Arrays.stream(values).map(Math::abs).max().getAsDouble();
                assertTrue(largest <= bound && largest > 0.9 * bound, name + ": " + largest);
            });
        }
    }

    /** Writes the tensors of a model of CONFIG with one replaced, or left out where {@code replacement} is null. */
    private Path fileWith(String name, TensorInfo replacement) throws IOException {
        Path file = dir.resolve("other.safetensors");
        List<TensorInfo> tensors = new ArrayList<>();
        try (LanguageModel model = LanguageModel.create(CONFIG, 5)) {
            for (TensorInfo tensor : model.parameters().tensors()) {
                if (!tensor.name().equals(name)) {
                    tensors.add(tensor);
                } else if (replacement != null) {
                    tensors.add(replacement);
                }
            }
        }
        Safetensors.write(file, Map.of(), tensors, (tensor, values) -> values.fill((byte) 0));
        return file;
    }

    @Test
    void aFileThatDoesNotFitIsRefusedByTensorAndLeavesTheModelAlone() throws IOException {
        try (LanguageModel model = LanguageModel.create(CONFIG, 3)) {
            Map<String, double[]> before = ReferenceModel.read(model.parameters());
            Map<String, TensorInfo> replacements = new LinkedHashMap<>();
            replacements.put("expected tensor linear.bias [11], found linear.bias [12]", TensorInfo.of("linear.bias", 12));
            replacements.put("no tensor 'linear.bias'; expected linear.bias [11], the file holds", null);
            replacements.put("no tensor 'linear.bias'", TensorInfo.of("decoder.bias", 11));
            for (Map.Entry<String, TensorInfo> replacement : replacements.entrySet()) {
                Path file = fileWith("linear.bias", replacement.getValue());
                String message = assertThrows(SafetensorsException.class, () -> model.loadWeights(file)).getMessage();
                assertTrue(message.startsWith(file + ": " + replacement.getKey()), message);
                assertThrows(SafetensorsException.class, () -> LanguageModel.load(file).close());
            }
            assertSame(before, ReferenceModel.read(model.parameters()));
        }
    }

    @Test
    void aFileWithMoreTensorsThanTheModelIsRefused() throws IOException {
        Path file = dir.resolve("model.safetensors");
        try (LanguageModel model = LanguageModel.create(CONFIG, 3)) {
            List<TensorInfo> tensors = new ArrayList<>(model.parameters().tensors());
            tensors.add(TensorInfo.of("extra", 1));
            Safetensors.write(file, Map.of(), tensors, (tensor, values) -> values.fill((byte) 0));
            String message = assertThrows(SafetensorsException.class, () -> model.loadWeights(file)).getMessage();
            assertTrue(message.contains("no tensor of the name [extra]"), message);
        }
    }

    @Test
    void aFileThatIsNoLanguageModelIsRefused() throws IOException {
        Path file = dir.resolve("model.safetensors");
        Safetensors.write(file, Map.of(), List.of(TensorInfo.of("a", 1)), (tensor, values) -> values.fill((byte) 0));
        String none = assertThrows(SafetensorsException.class, () -> LanguageModel.load(file).close()).getMessage();
        assertEquals(file + ": expected a matrix embed.weight, found none; the file holds [a [1]]", none);
        Safetensors.write(file, Map.of(), List.of(TensorInfo.of("embed.weight", 2, 3), TensorInfo.of("linear.weight", 2, 4)),
                (tensor, values) -> values.fill((byte) 0));
        String layers = assertThrows(SafetensorsException.class, () -> LanguageModel.load(file).close()).getMessage();
        assertTrue(layers.startsWith(file + ": expected a matrix lstm.weight_hh_l0, found none; the file holds [embed.weight [2][3], "),
                layers);
        Safetensors.write(file, Map.of(), List.of(TensorInfo.of("embed.weight", 2, 3), TensorInfo.of("gru.weight_hh_l0", 12, 4)),
                (tensor, values) -> values.fill((byte) 0));
        String tied = assertThrows(SafetensorsException.class, () -> LanguageModel.load(file).close()).getMessage();
        assertTrue(tied.startsWith(file + ": no linear.weight, so the embeddings are tied; with tied embeddings embed must equal hidden,"
                + " which is 4, got 3; the file holds [embed.weight [2][3], "), tied);
    }

    @Test
    void aTensorIsCopiedToTheDeviceAndBack() {
        try (LanguageModel model = LanguageModel.create(CONFIG, 3); Arena arena = Arena.ofConfined()) {
            for (TensorInfo tensor : model.parameters().tensors()) {
                MemorySegment values = arena.allocate(tensor.byteSize(), Float.BYTES);
                for (long i = 0; i < tensor.elements(); i++) {
                    values.setAtIndex(ValueLayout.JAVA_FLOAT, i, tensor.name().hashCode() % 1000 + i);
                }
                model.parameters().copyFrom(tensor, values);
            }
            for (TensorInfo tensor : model.parameters().tensors()) {
                double[] values = ReferenceModel.read(model.parameters()).get(tensor.name());
                for (int i = 0; i < values.length; i++) {
                    assertEquals(tensor.name().hashCode() % 1000 + i, values[i], tensor + " " + i);
                }
            }
            String message = assertThrows(IllegalArgumentException.class,
                    () -> model.parameters().copyFrom(TensorInfo.of("linear.bias", 11), arena.allocate(40))).getMessage();
            assertEquals("linear.bias [11] takes 44 bytes, got 40", message);
        }
    }

    @Test
    void closingTwiceIsClosingOnce() {
        LanguageModel model = LanguageModel.create(CONFIG, 3);
        Trainer trainer = new Trainer(model, new TrainingOptions(2, 3, 0, 0.1f, 1));
        trainer.close();
        trainer.close();
        model.close();
        model.close();
    }
}
