package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Twins add in double, so that a result is off by its rounding to float, 2^-24, and by what double loses, less than 1e-12 here. */
class SumTwinsTest {
    private static final double ROUNDING = 0x1p-24 + 1e-12;

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "1, 513, 2", "7, 1000, 3", "600, 33, 4", "1001, 1, 5"})
    void biasGradientSumsRows(int rows, int cols, long seed) {
        float[] dy = TestLaunch.normal(new Random(seed), rows * cols, 1);
        MemorySegment db = TestLaunch.output(cols);
        new TestLaunch(1, db, TestLaunch.floats(dy), rows, cols).run("bias_gradient");
        for (int column = 0; column < cols; column++) {
            double sum = 0;
            double magnitude = 0;
            for (int row = 0; row < rows; row++) {
                sum += dy[row * cols + column];
                magnitude += Math.abs(dy[row * cols + column]);
            }
            assertEquals(sum, db.getAtIndex(ValueLayout.JAVA_FLOAT, column), Math.abs(sum) * ROUNDING + magnitude * 1e-12);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 2", "601, 3", "5000, 4"})
    void meanIsTheMean(int n, long seed) {
        float[] values = TestLaunch.normal(new Random(seed), n, 3);
        MemorySegment out = TestLaunch.output(1);
        new TestLaunch(1, out, TestLaunch.floats(values), n).run("mean");
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        assertEquals(sum / n, out.get(ValueLayout.JAVA_FLOAT, 0), Math.abs(sum / n) * ROUNDING + 1e-12);
    }

    @ParameterizedTest
    @CsvSource({"0, 3, 1", "1, 1, 2", "1, 64, 3", "1023, 3, 4", "1025, 1, 5", "200003, 7, 6", "200003, 512, 7"})
    void partialsAddUpToTheSumOfSquares(int n, int parts, long seed) {
        float[] g = TestLaunch.normal(new Random(seed), n, 1);
        MemorySegment partials = TestLaunch.output(parts);
        new TestLaunch(parts, partials, TestLaunch.floats(g), (long) n).run("sum_of_squares");
        double expected = 0;
        for (float value : g) {
            expected += (double) value * value;
        }
        double actual = 0;
        for (float partial : TestLaunch.array(partials)) {
            actual += partial;
        }
        assertEquals(expected, actual, expected * ROUNDING);
    }
}
