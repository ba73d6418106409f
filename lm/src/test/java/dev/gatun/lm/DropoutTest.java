package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.lm.text.Text;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Dropout in the training step. */
class DropoutTest {
    private static final int STEPS = 4;
    private static final int BATCH = 3;
    private static final int VOCABULARY = 11;

    private static final double TOLERANCE = 3e-3;
    private static final double ROUNDING = 1e-5;

    /** So little that parameters hardly move. */
    private static final float LITTLE = 1e-30f;

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment inputs = ids(5);
    private final MemorySegment targets = ids(6);

    private MemorySegment ids(long seed) {
        return arena.allocateFrom(ValueLayout.JAVA_INT, new Random(seed).ints(STEPS * BATCH, 0, VOCABULARY).toArray());
    }

    private static ModelConfig config(int layers) {
        return new ModelConfig(VOCABULARY, 5, 7, layers);
    }

    private static TrainingOptions options(float dropout) {
        return new TrainingOptions(BATCH, STEPS, 0, LITTLE, 1, false).withDropout(dropout).withOptimizer(new Optimizer.Sgd(0));
    }

    private float firstLoss(LanguageModel model, float dropout) {
        try (Trainer trainer = new Trainer(model, options(dropout))) {
            trainer.step(inputs, targets);
            return trainer.loss();
        }
    }

    /**
     * A new trainer of the same seed begins with the same masks, so that its first loss is a function of the parameters. Each
     * tensor is moved by 0.02 in its gradient's direction and in a random one. Two losses, each off by up to 2e-7, make a
     * difference that is off by 1e-5 of the distance between them; a mask that differs makes tens of percent.
     */
    @ParameterizedTest
    @CsvSource({"1, 0.4", "2, 0.4", "3, 0.65"})
    void gradientsAreTheDifferencesOfTheLossUnderTheSameMasks(int layers, float dropout) {
        try (LanguageModel model = LanguageModel.create(config(layers), 3)) {
            Map<String, double[]> gradients;
            try (Trainer trainer = new Trainer(model, options(dropout))) {
                trainer.step(inputs, targets);
                gradients = ReferenceModel.read(trainer.gradients());
            }
            Random random = new Random(7);
            for (TensorInfo tensor : model.parameters().tensors()) {
                double[] gradient = gradients.get(tensor.name());
                double norm = norm(gradient);
                double[] noise = random.doubles(gradient.length, -1, 1).toArray();
                for (double[] direction : List.of(gradient, noise)) {
                    double length = norm(direction);
                    double expected = 0;
                    for (int i = 0; i < gradient.length; i++) {
                        expected += gradient[i] * direction[i] / length;
                    }
                    double found = slope(model, tensor, direction, length, dropout);
                    assertEquals(expected, found, TOLERANCE * norm + ROUNDING, tensor.name());
                }
            }
        }
    }

    private double slope(LanguageModel model, TensorInfo tensor, double[] direction, double length, float dropout) {
        double distance = 0.02;
        MemorySegment before = arena.allocate(tensor.byteSize(), Float.BYTES);
        MemorySegment moved = arena.allocate(tensor.byteSize(), Float.BYTES);
        model.parameters().copyTo(tensor, before);
        double[] losses = new double[2];
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < direction.length; i++) {
                double step = (side == 0 ? distance : -distance) * direction[i] / length;
                moved.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (before.getAtIndex(ValueLayout.JAVA_FLOAT, i) + step));
            }
            model.parameters().copyFrom(tensor, moved);
            losses[side] = firstLoss(model, dropout);
        }
        model.parameters().copyFrom(tensor, before);
        return (losses[0] - losses[1]) / (2 * distance);
    }

    private static double norm(double[] values) {
        return Math.sqrt(Arrays.stream(values).map(x -> x * x).sum());
    }

    private List<Object> train(long seed, boolean graph) {
        List<Object> seen = new ArrayList<>();
        TrainingOptions options = new TrainingOptions(BATCH, STEPS, 0.5f, 0.01f, seed, graph).withDropout(0.3f);
        try (LanguageModel model = LanguageModel.create(config(2), 3); Trainer trainer = new Trainer(model, options)) {
            for (int step = 0; step < 6; step++) {
                trainer.step(inputs, targets);
                seen.add(trainer.loss());
            }
            for (double[] tensor : ReferenceModel.read(model.parameters()).values()) {
                seen.add(Arrays.hashCode(tensor));
            }
        }
        return seen;
    }

    @Test
    void theSameSeedGivesTheSameBitsWithAGraphAndWithout() {
        List<Object> expected = train(1, false);
        assertEquals(expected, train(1, false));
        assertEquals(expected, train(1, true));
        assertNotEquals(expected.getFirst(), train(2, false).getFirst());
    }

    /** Parameters and state stay as they are, so that only the masks can make a loss differ from the one before. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void everyStepHasMasksOfItsOwn(int layers) {
        Set<Float> losses = new HashSet<>();
        try (LanguageModel model = LanguageModel.create(config(layers), 3); Trainer trainer = new Trainer(model, options(0.5f))) {
            for (int step = 0; step < 10; step++) {
                trainer.resetState();
                trainer.step(inputs, targets);
                losses.add(trainer.loss());
            }
        }
        assertEquals(10, losses.size());
    }

    @Test
    void withoutDropoutNothingIsPreparedForIt() {
        try (LanguageModel model = LanguageModel.create(config(2), 3); MixedPrecision fp32 = new MixedPrecision(model, Precision.FP32);
                Dropout none = new Dropout(model, fp32, 0, 1); Dropout some = new Dropout(model, fp32, 0.5f, 1)) {
            assertTrue(none.state().isEmpty());
            assertEquals(model.rnn(), none.rnn());
            assertEquals(Set.of("dropout.counter", "dropout.cudnn"), some.state().keySet());
        }
    }

    @Test
    void measuringDropsNothing() throws IOException {
        try (LanguageModel model = LanguageModel.create(config(2), 3);
                Trainer trainer = new Trainer(model, options(0.5f)); Evaluator evaluator = new Evaluator(model, 1, 3);
                TokenStream text = TokenStream.readAdding(Text.ofLines(List.of("a b c", "b a c c")), new Vocabulary())) {
            double expected = evaluator.evaluate(text).meanLoss();
            trainer.step(inputs, targets);
            assertEquals(expected, evaluator.evaluate(text).meanLoss());
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {-0.1f, 1, Float.NaN})
    void aShareThatCannotBeDroppedIsRefusedInWords(float dropout) {
        assertEquals("dropout must be at least 0 and below 1, got " + dropout,
                assertThrows(IllegalArgumentException.class, () -> TrainingOptions.DEFAULT.withDropout(dropout)).getMessage());
    }
}
