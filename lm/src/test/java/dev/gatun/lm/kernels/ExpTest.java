package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ExpTest {
    @Test
    void isCorrectlyRoundedButForThePolynomialsError() {
        int n = 87_300;
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = -i / 1000f;
        }
        float[] e = x.clone();
        Exp.ofNonPositive(e, n);
        for (int i = 0; i < n; i++) {
            double exact = Math.exp(x[i]);
            // Rounding to float: 2^-24. The polynomial: at most 8e-9 for these arguments, as its comment derives.
            assertEquals(exact, e[i], exact * (0x1p-24 + 8e-9), "exp(" + x[i] + ")");
        }
    }

    @Test
    void underflowsThroughSubnormalsToZero() {
        float[] e = {-88, -100, -103, -104, -1e4f, -Float.MAX_VALUE, Float.NEGATIVE_INFINITY};
        Exp.ofNonPositive(e, e.length);
        // A subnormal is a multiple of the smallest float, so it may be off by half of one, and the polynomial by 3e-8 of it.
        assertEquals(Math.exp(-88), e[0], Float.MIN_VALUE * 0.501);
        assertEquals(Math.exp(-100), e[1], Float.MIN_VALUE * 0.501);
        assertEquals(Math.exp(-103), e[2], Float.MIN_VALUE * 0.501);
        assertArrayEquals(new float[4], Arrays.copyOfRange(e, 3, 7));
    }

    @Test
    void isExactAtZeroKeepsNaNAndTouchesOnlyTheFirstN() {
        float[] e = {0, -0f, Float.NaN, -7};
        Exp.ofNonPositive(e, 3);
        assertArrayEquals(new float[] {1, 1, Float.NaN, -7}, e);
    }
}
