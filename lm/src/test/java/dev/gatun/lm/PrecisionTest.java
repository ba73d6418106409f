package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.cuda.DeviceInfo;
import dev.gatun.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Training in each precision, on a software device that scatters an RNN's weights, in 16 bits otherwise than in 32; what PyTorch
 * computes at the same points of rounding is compared in the cross-module tests.
 */
class PrecisionTest {
    private static final ModelConfig CONFIG = new ModelConfig(37, 7, 9, 2);
    private static final int BATCH = 3;
    private static final int SEQ = 5;
    private static final int STEPS = 6;
    private static final TrainingOptions OPTIONS = new TrainingOptions(BATCH, SEQ, 0.5f, 0.01f, 1);

    /** Trains and returns the losses, then every parameter. */
    private static float[] train(TrainingOptions options) {
        try (LanguageModel model = LanguageModel.create(CONFIG, 4); Trainer trainer = new Trainer(model, options)) {
            float[] losses = new float[STEPS];
            Random random = new Random(2);
            for (int step = 0; step < STEPS; step++) {
                step(trainer, random);
                losses[step] = trainer.loss();
            }
            return concat(losses, parameters(model));
        }
    }

    private static void step(Trainer trainer, Random random) {
        try (Arena arena = Arena.ofConfined()) {
            int[] ids = random.ints(BATCH * SEQ, 0, CONFIG.vocabulary()).toArray();
            int[] targets = random.ints(BATCH * SEQ, 0, CONFIG.vocabulary()).toArray();
            trainer.step(arena.allocateFrom(ValueLayout.JAVA_INT, ids), arena.allocateFrom(ValueLayout.JAVA_INT, targets));
        }
    }

    private static float[] parameters(LanguageModel model) {
        float[] all = {};
        for (TensorInfo tensor : model.parameters().tensors()) {
            all = concat(all, read(model, tensor));
        }
        return all;
    }

    private static float[] read(LanguageModel model, TensorInfo tensor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(tensor.byteSize(), Float.BYTES);
            model.parameters().copyTo(tensor, host);
            return host.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private static float[] concat(float[] a, float[] b) {
        float[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /** bfloat16 keeps 2^-9 of a value, float16 2^-12; the losses' error is the mean of many such. */
    @ParameterizedTest
    @CsvSource({"BF16, 2e-3", "FP16, 3e-4"})
    void mixedPrecisionStaysCloseToSinglePrecisionAndIsNotIt(Precision precision, double bound) {
        float[] expected = train(OPTIONS);
        float[] actual = train(OPTIONS.withPrecision(precision));
        for (int step = 0; step < STEPS; step++) {
            assertEquals(expected[step], actual[step], bound * expected[step], "loss of step " + step);
        }
        assertFalse(Arrays.equals(expected, actual));
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void aReplayedGraphGivesTheSameBits(Precision precision) {
        TrainingOptions single = OPTIONS.withGraph(false).withPrecision(precision);
        assertArrayEquals(train(single), train(OPTIONS.withPrecision(precision)));
    }

    @Test
    void theSoftwareDeviceComputesTf32InFullPrecision() {
        assertArrayEquals(train(OPTIONS), train(OPTIONS.withPrecision(Precision.TF32)));
    }

    private static void multiply(LanguageModel model, String name, float factor) {
        TensorInfo tensor = model.parameters().tensor(name);
        float[] values = read(model, tensor);
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
        try (Arena arena = Arena.ofConfined()) {
            model.parameters().copyFrom(tensor, arena.allocateFrom(ValueLayout.JAVA_FLOAT, values));
        }
    }

    /** Weights of 100 times the usual size give the hidden states' gradient more than float16 holds at a scale of 65536. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void aStepThatOverflowsFloat16IsSkippedAndHalvesTheLossScale(boolean graph) {
        try (LanguageModel model = LanguageModel.create(CONFIG, 4)) {
            multiply(model, "linear.weight", 100);
            float[] before = parameters(model);
            try (Trainer trainer = new Trainer(model, OPTIONS.withGraph(graph).withPrecision(Precision.FP16))) {
                Random random = new Random(2);
                float scale = LossScale.INITIAL;
                int skipped = 0;
                assertEquals(scale, trainer.lossScale());
                step(trainer, random);
                while (trainer.skipped()) {
                    assertFalse(Float.isFinite(trainer.gradientNorm()));
                    scale /= 2;
                    skipped++;
                    assertEquals(scale, trainer.lossScale());
                    assertArrayEquals(before, parameters(model), "a skipped step changed the parameters");
                    assertTrue(Float.isFinite(trainer.loss()));
                    assertFalse(trainer.overflowsAtEveryLossScale());
                    step(trainer, random);
                }
                assertTrue(skipped >= 2 && skipped < 16, skipped + " steps were skipped");
                assertEquals(scale, trainer.lossScale());
                assertNotEquals(Arrays.hashCode(before), Arrays.hashCode(parameters(model)));
            }
        }
    }

    /**
     * Without embeddings and biases the layers' states and the logits are 0 whatever the other weights, so that the loss is finite;
     * the way back through two layers and the projection with weights near float16's largest gives a gradient of 1e12.
     */
    @Test
    void aGradientThatOverflowsAtEveryLossScaleIsNoticed() {
        try (LanguageModel model = LanguageModel.create(CONFIG, 4)) {
            for (TensorInfo tensor : model.parameters().tensors()) {
                boolean silent = tensor.name().contains("embed") || tensor.name().contains("bias") || tensor.name().contains("weight_hh");
                multiply(model, tensor.name(), silent ? 0 : 150_000); // weights are below 1/3
            }
            float[] before = parameters(model);
            try (Trainer trainer = new Trainer(model, OPTIONS.withPrecision(Precision.FP16))) {
                Random random = new Random(2);
                int steps = 0;
                do {
                    step(trainer, random);
                    steps++;
                    assertTrue(trainer.skipped(), "step " + steps);
                    assertEquals(Math.log(CONFIG.vocabulary()), trainer.loss(), 1e-6);
                } while (!trainer.overflowsAtEveryLossScale());
                assertEquals(31, steps, "scales from 2^16 to 2^-14");
                assertArrayEquals(before, parameters(model));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, names = "FP16", mode = EnumSource.Mode.EXCLUDE)
    void onlyFloat16HasALossScale(Precision precision) {
        try (LanguageModel model = LanguageModel.create(CONFIG, 4);
                Trainer trainer = new Trainer(model, OPTIONS.withPrecision(precision))) {
            assertEquals(1, trainer.lossScale());
        }
    }

    @ParameterizedTest
    @CsvSource({"FP32, true", "TF32, false", "BF16, false", "FP16, true"})
    void aGpuWithoutAPrecisionIsRefusedInWords(Precision precision, boolean turing) {
        precision.requireSupportedBy(new DeviceInfo("an A100", 1L << 35, 8, 0, 108, 12000, 12000));
        DeviceInfo gpu = new DeviceInfo("a T4", 1L << 34, 7, 5, 40, 12000, 12000);
        if (turing) {
            precision.requireSupportedBy(gpu);
        } else {
            String message = assertThrows(DeviceException.class, () -> precision.requireSupportedBy(gpu)).getMessage();
            assertEquals("precision " + precision + " needs a GPU of compute capability 8.0 or later, and a T4 has 7.5; use fp16 or fp32",
                    message);
        }
    }
}
