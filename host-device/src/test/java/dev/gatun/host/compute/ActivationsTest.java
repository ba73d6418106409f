package dev.gatun.host.compute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ActivationsTest {
    /** The rational function is within 1.2e-8; its evaluation rounds some ten times, by 6e-8 of shrinking terms. */
    private static final double TOLERANCE = 3.6e-7;

    @Test
    void tanhIsAccurateRelatively() {
        for (float x = 1e-30f; x < 100; x *= 1.0003f) {
            float[] both = {x, -x};
            Activations.tanh(both, 2);
            assertEquals(1, both[0] / Math.tanh(x), TOLERANCE);
            assertEquals(-both[0], both[1]);
            assertTrue(both[0] <= 1);
        }
    }

    @Test
    void sigmoidIsAccurateAbsolutely() {
        for (float x = -100; x < 100; x += 0.003f) {
            float[] value = {x};
            Activations.sigmoid(value, 1);
            assertEquals(1 / (1 + Math.exp(-x)), value[0], TOLERANCE / 2);
            assertTrue(value[0] >= 0 && value[0] <= 1);
        }
    }

    @Test
    void extremesStayWhatTheyAre() {
        float[] values = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 0};
        Activations.tanh(values, values.length);
        assertEquals(1, values[0]);
        assertEquals(-1, values[1]);
        assertTrue(Float.isNaN(values[2]));
        assertEquals(0, values[3]);
    }
}
