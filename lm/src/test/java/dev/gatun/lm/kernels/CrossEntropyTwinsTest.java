package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CrossEntropyTwinsTest {
    private static final double ROUNDING = 0x1p-24;

    private record Result(float[] gradient, float[] loss) {}

    /** Runs both kernels, and checks that the second gives the loss of the first and leaves the logits alone. */
    private static Result run(float[] logits, float[] bias, int[] targets, float scale) {
        int vocab = bias.length;
        MemorySegment x = TestLaunch.floats(logits);
        MemorySegment loss = TestLaunch.output(targets.length);
        new TestLaunch(targets.length, x, loss, TestLaunch.floats(bias), TestLaunch.ints(targets), vocab, scale)
                .run("cross_entropy_gradient");

        MemorySegment unchanged = TestLaunch.floats(logits);
        MemorySegment lossAlone = TestLaunch.output(targets.length);
        new TestLaunch(targets.length, unchanged, lossAlone, TestLaunch.floats(bias), TestLaunch.ints(targets), vocab)
                .run("cross_entropy_loss");
        assertArrayEquals(logits, TestLaunch.array(unchanged));
        assertArrayEquals(TestLaunch.array(loss), TestLaunch.array(lossAlone));
        return new Result(TestLaunch.array(x), TestLaunch.array(loss));
    }

    /**
     * Checks a row against double precision. Errors are those of x - max, rounded to float, which exp makes relative; of exp, of
     * 1 / sum, and of two products, a rounding each; of p - 1 for the target; and of the last step of the loss.
     */
    private static void check(float[] logits, float[] bias, int[] targets, float scale, int row, Result result) {
        int vocab = bias.length;
        double[] x = new double[vocab];
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < vocab; i++) {
            x[i] = logits[row * vocab + i] + bias[i];
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        double sumError = 0;
        for (double value : x) {
            sum += Math.exp(value - max);
            sumError += value == Double.NEGATIVE_INFINITY ? 0 : Math.exp(value - max) * (max - value + 2) * ROUNDING;
        }
        int target = targets[row];
        double loss = Math.log(sum) + (max - x[target]);
        double lossError = sumError / sum + (Math.log(sum) + 2 * (max - x[target]) + loss) * ROUNDING;
        assertEquals(loss, result.loss[row], lossError, "loss of row " + row);
        for (int i = 0; i < vocab; i++) {
            double p = Math.exp(x[i] - max) / sum;
            double error = p == 0 ? 0 : p * (max - x[i] + 6) * ROUNDING + p * sumError / sum;
            double expected = (p - (i == target ? 1 : 0)) * scale;
            assertEquals(expected, result.gradient[row * vocab + i],
                    error * scale + Math.abs(expected) * ROUNDING + (i == target ? scale * ROUNDING : 0) + 2 * Float.MIN_VALUE,
                    "gradient of row " + row + ", word " + i);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "3, 2, 5, 2", "4, 33, 0.1, 3", "5, 1023, 3, 4", "3, 1024, 10, 5", "7, 2049, 1, 6", "2, 10007, 20, 7"})
    void lossAndGradientAreThoseOfDoublePrecision(int rows, int vocab, double deviation, long seed) {
        Random random = new Random(seed);
        float[] logits = TestLaunch.normal(random, rows * vocab, deviation);
        float[] bias = TestLaunch.normal(random, vocab, 1);
        int[] targets = random.ints(rows, 0, vocab).toArray();
        Result result = run(logits, bias, targets, 0.05f);
        for (int row = 0; row < rows; row++) {
            check(logits, bias, targets, 0.05f, row, result);
        }
    }

    @Test
    void rowsOfExtremeLogitsStayFinite() {
        int vocab = 1500;
        float[] logits = new float[4 * vocab];
        Arrays.fill(logits, 0, vocab, -1e4f); // all equal
        Arrays.fill(logits, vocab, 2 * vocab, -1e4f);
        logits[vocab + 1400] = 1e4f; // one huge, and it is the target
        Arrays.fill(logits, 2 * vocab, 3 * vocab, 1e4f);
        logits[2 * vocab + 3] = -1e4f; // the target is hopeless
        Arrays.fill(logits, 3 * vocab, 4 * vocab, Float.MAX_VALUE);
        int[] targets = {7, 1400, 3, 0};
        float[] bias = new float[vocab];
        Result result = run(logits, bias, targets, 1);
        for (int row = 0; row < 4; row++) {
            check(logits, bias, targets, 1, row, result);
        }
        assertEquals(0, result.loss[1]);
        assertEquals(0, result.gradient[vocab]);
        assertEquals(0, result.gradient[vocab + 1400]);
    }

    @Test
    void aBiasOfMinusInfinityTakesAWordOut() {
        float[] logits = {1, 2, 3, 4};
        float[] bias = {0, Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY};
        int[] targets = {2};
        Result result = run(logits, bias, targets, 1);
        check(logits, bias, targets, 1, 0, result);
        assertEquals(0, result.gradient[1]);
        assertEquals(0, result.gradient[3]);
    }

    @ParameterizedTest
    @CsvSource({"-1", "-2147483648", "3", "2147483647"})
    void aTargetOutsideTheVocabularyHasNeitherLossNorGradient(int target) {
        Result result = run(new float[] {1, 2, 3, 4, 5, 6}, new float[] {1, 1, 1}, new int[] {target, 0}, 1);
        assertEquals(0, result.loss[0]);
        assertArrayEquals(new float[3], Arrays.copyOf(result.gradient, 3));
        assertTrue(result.loss[1] > 2);
    }

    @Test
    void notANumberInARowShowsInItsLossAndInNoOther() {
        float[] logits = new float[2 * 1100];
        logits[1050] = Float.NaN;
        Result result = run(logits, new float[1100], new int[] {0, 0}, 1);
        assertEquals(Float.NaN, result.loss[0]);
        assertEquals((float) Math.log(1100), result.loss[1], 1e-6f);
    }
}
