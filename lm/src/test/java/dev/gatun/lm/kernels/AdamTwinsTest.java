package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdamTwinsTest {
    private static final float LEARNING_RATE = 0.01f;
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.999f;
    private static final float EPSILON = 1e-8f;
    private static final double ROUNDING = 0x1p-24;

    private final MemorySegment state = Arena.ofAuto().allocate(AdamState.BYTES, Double.BYTES);

    AdamTwinsTest() {
        initialize(0);
    }

    private void initialize(float weightDecay) {
        AdamState.initialize(state, LEARNING_RATE, BETA1, BETA2, EPSILON, weightDecay);
    }

    private void prepare(float maxNorm, float... partials) {
        new TestLaunch(1, state, TestLaunch.floats(partials), partials.length, maxNorm).run("adam_prepare");
    }

    private float value(long offset) {
        return state.get(ValueLayout.JAVA_FLOAT, offset);
    }

    @Test
    void gradientsAboveTheNormAreScaledToIt() {
        prepare(0.5f, 9, 16);
        assertEquals(5, value(AdamState.GRAD_NORM));
        assertEquals(0.5 / (5 + 1e-6), value(AdamState.CLIP_SCALE), 0.1 * ROUNDING);
    }

    @ParameterizedTest
    @CsvSource({"5.1, 25", "1, 0", "0, 25", "-1, 25"})
    void gradientsWithinTheNormOrWithoutOneAreNotScaled(float maxNorm, float sumOfSquares) {
        prepare(maxNorm, sumOfSquares);
        assertEquals(1, value(AdamState.CLIP_SCALE));
    }

    @Test
    void biasCorrectionsFollowTheStepCount() {
        for (int step = 1; step <= 1000; step++) {
            prepare(1, 1);
            assertEquals(step, state.get(ValueLayout.JAVA_INT, AdamState.STEP));
            double stepSize = LEARNING_RATE / (1 - Math.pow(BETA1, step));
            double invSqrtBias2 = 1 / Math.sqrt(1 - Math.pow(BETA2, step));
            // A rounding to float; and powers by repeated multiplication lose up to a thousand double roundings of 1 - beta2^1.
            assertEquals(stepSize, value(AdamState.STEP_SIZE), stepSize * (ROUNDING + 1e-9));
            assertEquals(invSqrtBias2, value(AdamState.INV_SQRT_BIAS2), invSqrtBias2 * (ROUNDING + 1e-9));
        }
    }

    /**
     * The reference is PyTorch's formula in double. In ten steps each moment gathers at most ten steps of two float roundings of
     * gradients not larger than the largest so far, which is at most sqrt(10) times the corrected root of the second moment; the
     * quotient adds eight roundings of its own, and the parameter two of itself a step, its decay another two.
     */
    @ParameterizedTest
    @CsvSource({"1, 0.3, 0, 1", "1023, 0.3, 0.5, 2", "1025, 0, 3, 3", "70001, 1e-3, 0, 4", "5000, 1e6, 0.01, 5"})
    void tenStepsAreThoseOfPyTorchsFormula(int n, float maxNorm, float weightDecay, long seed) {
        initialize(weightDecay);
        int steps = 10;
        Random random = new Random(seed);
        float[] start = TestLaunch.normal(random, n, 0.1);
        MemorySegment p = TestLaunch.floats(start);
        MemorySegment m = TestLaunch.floats(new float[n]);
        MemorySegment v = TestLaunch.floats(new float[n]);
        double[] parameters = new double[n];
        double[] first = new double[n];
        double[] second = new double[n];
        for (int i = 0; i < n; i++) {
            parameters[i] = start[i];
        }
        for (int step = 1; step <= steps; step++) {
            float[] g = TestLaunch.normal(random, n, random.nextDouble());
            double square = 0;
            for (float value : g) {
                square += (double) value * value;
            }
            prepare(maxNorm, (float) square);
            new TestLaunch(64, p, m, v, TestLaunch.floats(g), state, (long) n).run("adam_update");

            double clip = maxNorm > 0 ? Math.min(1, maxNorm / (Math.sqrt(square) + 1e-6)) : 1;
            for (int i = 0; i < n; i++) {
                double gradient = g[i] * clip;
                first[i] += (1 - (double) BETA1) * (gradient - first[i]);
                second[i] = BETA2 * second[i] + (1 - (double) BETA2) * gradient * gradient;
                double denominator = Math.sqrt(second[i]) / Math.sqrt(1 - Math.pow(BETA2, step)) + EPSILON;
                parameters[i] *= 1 - (double) LEARNING_RATE * weightDecay;
                parameters[i] -= LEARNING_RATE / (1 - Math.pow(BETA1, step)) * first[i] / denominator;
            }
        }
        double quotient = (2 * steps * Math.sqrt(10) + 8) * ROUNDING;
        for (int i = 0; i < n; i++) {
            assertEquals(parameters[i], p.getAtIndex(ValueLayout.JAVA_FLOAT, i),
                    steps * (LEARNING_RATE * quotient + 4 * (Math.abs(start[i]) + steps * LEARNING_RATE) * ROUNDING), "parameter " + i);
        }
    }

    @Test
    void parametersWithoutGradientsStay() {
        float[] start = {1, -2, 0, Float.MIN_VALUE};
        MemorySegment p = TestLaunch.floats(start);
        prepare(1, 0);
        new TestLaunch(1, p, TestLaunch.floats(new float[4]), TestLaunch.floats(new float[4]), TestLaunch.floats(new float[4]), state, 4L)
                .run("adam_update");
        assertArrayEquals(start, TestLaunch.array(p));
    }
}
