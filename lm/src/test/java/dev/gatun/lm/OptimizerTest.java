package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a step does to the parameters, by the gradients that the trainer shows, in double. */
class OptimizerTest {
    private static final int STEPS = 4;
    private static final int BATCH = 3;
    private static final ModelConfig CONFIG = new ModelConfig(11, 5, 7, 2);
    private static final float CLIP = 0.5f;

    private final Random random = new Random(5);
    private final MemorySegment inputs = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, STEPS * BATCH);
    private final MemorySegment targets = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, STEPS * BATCH);

    private static TrainingOptions options(Optimizer optimizer, boolean graph) {
        return new TrainingOptions(BATCH, STEPS, CLIP, 0.1f, 1, graph).withOptimizer(optimizer);
    }

    private void step(Trainer trainer) {
        for (MemorySegment segment : List.of(inputs, targets)) {
            segment.copyFrom(MemorySegment.ofArray(random.ints(STEPS * BATCH, 0, CONFIG.vocabulary()).toArray()));
        }
        trainer.step(inputs, targets);
    }

    private static double clipScale(Map<String, double[]> gradients) {
        double square = gradients.values().stream().flatMapToDouble(Arrays::stream).map(x -> x * x).sum();
        return Math.min(1, CLIP / (Math.sqrt(square) + 1e-6));
    }

    private static void assertParameters(Map<String, double[]> expected, ParameterBlock found, double updateTolerance, String what) {
        Map<String, double[]> values = ReferenceModel.read(found);
        expected.forEach((name, tensor) -> {
            for (int i = 0; i < tensor.length; i++) {
                assertEquals(tensor[i], values.get(name)[i], Math.ulp((float) tensor[i]) + updateTolerance, what + ", " + name + " " + i);
            }
        });
    }

    /** A step rounds parameters to their last bit, and an update, below rate · (clip + decay · 3), thrice. */
    @ParameterizedTest
    @CsvSource({"0, false", "0.1, false", "0.1, true"})
    void gradientDescentTakesTheLearningRateThatWasSetBeforeEachStep(float weightDecay, boolean graph) {
        try (LanguageModel model = LanguageModel.create(CONFIG, 3);
                Trainer trainer = new Trainer(model, options(new Optimizer.Sgd(weightDecay), graph))) {
            for (int step = 0; step < 6; step++) {
                Map<String, double[]> expected = ReferenceModel.read(model.parameters());
                float rate = 0.5f / (step + 1);
                trainer.setLearningRate(rate);
                step(trainer);
                Map<String, double[]> gradients = ReferenceModel.read(trainer.gradients());
                double scale = clipScale(gradients);
                expected.forEach((name, p) ->
                        Arrays.setAll(p, i -> p[i] - rate * (gradients.get(name)[i] * scale + weightDecay * p[i])));
                assertParameters(expected, model.parameters(), 4 * rate * 0x1p-24, "step " + step);
            }
        }
    }

    @Test
    void weightDecayOfAdamShrinksParametersApartFromTheirGradients() {
        float weightDecay = 0.1f;
        try (LanguageModel plain = LanguageModel.create(CONFIG, 3); LanguageModel decayed = LanguageModel.create(CONFIG, 3);
                Trainer withoutDecay = new Trainer(plain, options(Optimizer.Adam.DEFAULT, false));
                Trainer withDecay = new Trainer(decayed, options(new Optimizer.Adam(0.9f, 0.999f, 1e-8f, weightDecay), false))) {
            Map<String, double[]> first = ReferenceModel.read(plain.parameters());
            step(withoutDecay);
            withDecay.step(inputs, targets);
            // The gradients are the same in the first step, and so is what Adam makes of them.
            Map<String, double[]> expected = ReferenceModel.read(plain.parameters());
            expected.forEach((name, p) -> Arrays.setAll(p, i -> p[i] - 0.1f * weightDecay * first.get(name)[i]));
            assertParameters(expected, decayed.parameters(), 2 * Math.ulp(2f), "first step");
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false", "true, false", "true, true"})
    void theAverageIsTheMeanOfTheParametersAfterTheStepsSinceItsStart(boolean byCall, boolean graph) {
        int start = byCall ? Optimizer.AveragedSgd.NOT_YET : 2;
        try (LanguageModel model = LanguageModel.create(CONFIG, 3);
                Trainer trainer = new Trainer(model, options(new Optimizer.AveragedSgd(0.01f, start), graph))) {
            Map<String, double[]> mean = null;
            for (int step = 1; step <= 8; step++) {
                if (byCall && step == 3) {
                    trainer.startAveraging();
                }
                step(trainer);
                Map<String, double[]> now = ReferenceModel.read(model.parameters());
                if (step > 4) {
                    // The step after the start begins the average, which the next one replaces, as in torch.optim.ASGD.
                    double weight = 1.0 / (step - 3);
                    mean.forEach((name, values) -> Arrays.setAll(values, i -> values[i] + (now.get(name)[i] - values[i]) * weight));
                } else {
                    mean = ReferenceModel.read(model.parameters());
                }
                try (AveragedWeights averaged = trainer.averaged()) {
                    // Each step rounds the average anew, by at most two bits of it.
                    assertParameters(mean, model.parameters(), step * Math.ulp(2f), "average after step " + step);
                    assertThrows(IllegalStateException.class, () -> trainer.step(inputs, targets));
                    assertThrows(IllegalStateException.class, trainer::averaged);
                }
                Map<String, double[]> after = ReferenceModel.read(model.parameters());
                now.forEach((name, values) -> assertArrayEquals(values, after.get(name), name + " is not back"));
            }
        }
    }

    @Test
    void anOptimizerWithoutAnAverageLeavesTheModelAsItIs() {
        try (LanguageModel model = LanguageModel.create(CONFIG, 3);
                Trainer trainer = new Trainer(model, options(new Optimizer.Sgd(0), false))) {
            step(trainer);
            Map<String, double[]> now = ReferenceModel.read(model.parameters());
            try (AveragedWeights averaged = trainer.averaged()) {
                assertParameters(now, model.parameters(), 0, "without an average");
                step(trainer);
            }
            assertThrows(IllegalStateException.class, trainer::startAveraging);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0.999, 1e-8, 0, 'beta1 must be at least 0 and below 1, got 1.0'",
        "0.9, -0.1, 1e-8, 0, 'beta2 must be at least 0 and below 1, got -0.1'",
        "0.9, 0.999, 0, 0, 'epsilon must be a positive finite number, got 0.0'",
        "0.9, 0.999, 1e-8, NaN, 'the weight decay must be a finite number of at least 0, got NaN'"})
    void anAdamThatCannotWorkIsRefusedInWords(float beta1, float beta2, float epsilon, float weightDecay, String message) {
        assertEquals(message, assertThrows(IllegalArgumentException.class,
                () -> new Optimizer.Adam(beta1, beta2, epsilon, weightDecay)).getMessage());
    }

    @Test
    void gradientDescentThatCannotWorkIsRefusedInWords() {
        assertEquals("the weight decay must be a finite number of at least 0, got -1.0",
                assertThrows(IllegalArgumentException.class, () -> new Optimizer.Sgd(-1)).getMessage());
        assertEquals("averagingStart must be at least 0, got -1",
                assertThrows(IllegalArgumentException.class, () -> new Optimizer.AveragedSgd(0, -1)).getMessage());
    }
}
