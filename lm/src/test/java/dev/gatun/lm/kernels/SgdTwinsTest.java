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

class SgdTwinsTest {
    private static final float LEARNING_RATE = 0.25f;
    private static final double ROUNDING = 0x1p-24;

    private final MemorySegment state = Arena.ofAuto().allocate(SgdState.BYTES, Float.BYTES);

    private void prepare(float maxNorm, float... partials) {
        new TestLaunch(1, state, TestLaunch.floats(partials), partials.length, maxNorm).run("sgd_prepare");
    }

    private float value(long offset) {
        return state.get(ValueLayout.JAVA_FLOAT, offset);
    }

    @ParameterizedTest
    @CsvSource({"0.5, 9, 16, 0.09999998", "5.1, 9, 16, 1", "0, 9, 16, 1", "-1, 9, 16, 1", "1, 0, 0, 1"})
    void gradientsAboveTheNormAreScaledToIt(float maxNorm, float first, float second, float scale) {
        SgdState.initialize(state, LEARNING_RATE, 0, 0);
        prepare(maxNorm, first, second);
        assertEquals(Math.sqrt(first + second), value(SgdState.GRAD_NORM));
        assertEquals(scale, value(SgdState.CLIP_SCALE));
        assertEquals(1, state.get(ValueLayout.JAVA_INT, SgdState.STEP));
    }

    @ParameterizedTest
    @CsvSource({"0, 1 1 0.5 0.33333334 0.25", "2, 1 1 1 1 0.5", "2147483647, 1 1 1 1 1"})
    void theAverageBeginsAfterItsStart(int start, String weights) {
        SgdState.initialize(state, LEARNING_RATE, 0, start);
        for (String weight : weights.split(" ")) {
            prepare(1, 1);
            assertEquals(Float.parseFloat(weight), value(SgdState.AVERAGE_WEIGHT));
        }
    }

    /**
     * The reference is PyTorch's formula in double. A step rounds the gradient thrice and the parameter twice; the average, a mean
     * of parameters, thrice a step.
     */
    @ParameterizedTest
    @CsvSource({"1, 0.3, 0, 0, 1", "1023, 0.3, 0.1, 3, 2", "1025, 0, 0.01, 0, 3", "70001, 1e-3, 0, 7, 4", "5000, 1e6, 0.5, 2, 5"})
    void tenStepsAreThoseOfPyTorchsFormula(int n, float maxNorm, float weightDecay, int start, long seed) {
        Random random = new Random(seed);
        float[] first = TestLaunch.normal(random, n, 0.1);
        MemorySegment p = TestLaunch.floats(first);
        MemorySegment alone = TestLaunch.floats(first);
        MemorySegment average = TestLaunch.floats(TestLaunch.normal(random, n, 1));
        SgdState.initialize(state, LEARNING_RATE, weightDecay, start);
        double[] parameters = new double[n];
        double[] mean = new double[n];
        double[] size = new double[n];
        for (int i = 0; i < n; i++) {
            parameters[i] = first[i];
            size[i] = Math.abs(first[i]);
        }
        int steps = 10;
        for (int step = 1; step <= steps; step++) {
            float[] g = TestLaunch.normal(random, n, random.nextDouble());
            double square = 0;
            for (float value : g) {
                square += (double) value * value;
            }
            prepare(maxNorm, (float) square);
            new TestLaunch(64, p, average, TestLaunch.floats(g), state, (long) n).run("sgd_update");
            new TestLaunch(64, alone, null, TestLaunch.floats(g), state, (long) n).run("sgd_update");
            double clip = maxNorm > 0 ? Math.min(1, maxNorm / (Math.sqrt(square) + 1e-6)) : 1;
            for (int i = 0; i < n; i++) {
                double gradient = g[i] * clip + weightDecay * parameters[i];
                parameters[i] -= LEARNING_RATE * gradient;
                mean[i] = step <= start + 1 ? parameters[i] : mean[i] + (parameters[i] - mean[i]) / (step - 1 - start);
                size[i] += LEARNING_RATE * Math.abs(gradient);
            }
        }
        for (int i = 0; i < n; i++) {
            assertEquals(parameters[i], p.getAtIndex(ValueLayout.JAVA_FLOAT, i), 5 * steps * ROUNDING * size[i], "parameter " + i);
            assertEquals(mean[i], average.getAtIndex(ValueLayout.JAVA_FLOAT, i), 8 * steps * ROUNDING * size[i], "average " + i);
        }
        assertArrayEquals(TestLaunch.array(p), TestLaunch.array(alone), "an average changes the parameters");
    }

    @Test
    void parametersWithoutGradientsStay() {
        float[] start = {1, -2, 0, Float.MIN_VALUE};
        MemorySegment p = TestLaunch.floats(start);
        SgdState.initialize(state, LEARNING_RATE, 0, 0);
        prepare(1, 0);
        new TestLaunch(1, p, null, TestLaunch.floats(new float[4]), state, 4L).run("sgd_update");
        assertArrayEquals(start, TestLaunch.array(p));
    }
}
