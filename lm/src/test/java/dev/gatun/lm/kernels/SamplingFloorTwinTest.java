package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplingFloorTwinTest {
    private static float[] floors(float[] logits, float[] bias, float temperature, int topK, float topP) {
        int rows = logits.length / bias.length;
        MemorySegment state = Arena.ofAuto().allocate(SamplingState.BYTES, Long.BYTES);
        SamplingState.initialize(state, 1, temperature, topK, topP, 1);
        MemorySegment floors = TestLaunch.output(rows);
        new TestLaunch(rows, floors, state, TestLaunch.floats(logits), TestLaunch.floats(bias), rows, bias.length).shuffled(1)
                .run("sampling_floor");
        return TestLaunch.array(floors);
    }

    /** The floor by the definition: sort, take the first topK, add up probabilities until there are enough. */
    private static float reference(float[] x, float temperature, int topK, double topP) {
        double[] sorted = IntStream.range(0, x.length).mapToDouble(i -> -x[i]).sorted().toArray();
        int kept = topK == 0 ? x.length : Math.min(topK, x.length);
        while (kept < x.length && sorted[kept] == sorted[kept - 1]) {
            kept++;
        }
        double[] weights = IntStream.range(0, kept).mapToDouble(i -> Math.exp((sorted[0] - sorted[i]) / temperature)).toArray();
        double enough = topP * Arrays.stream(weights).sum();
        int last = 0;
        for (double sum = weights[0]; topP < 1 && sum < enough; sum += weights[last]) {
            last++;
        }
        return (float) -sorted[topP < 1 ? last : kept - 1];
    }

    /** No share of these seeds is so near to topP that the rounding of a weight to float would matter. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "50, 1, 7, 1", "50, 0.7, 0, 0.9", "50, 2, 20, 0.5", "3000, 1, 40, 1", "3000, 0.8, 0, 0.95",
        "10007, 1.5, 100, 0.3", "1025, 1, 0, 0.0001", "1025, 1, 1024, 1"})
    void theFloorIsThatOfSortedWords(int vocab, float temperature, int topK, float topP) {
        int rows = 5;
        Random random = new Random(vocab + topK);
        float[] logits = TestLaunch.normal(random, rows * vocab, 2);
        float[] bias = TestLaunch.normal(random, vocab, 1);
        float[] floors = floors(logits, bias, temperature, topK, topP);
        for (int row = 0; row < rows; row++) {
            float[] x = new float[vocab];
            for (int i = 0; i < vocab; i++) {
                x[i] = logits[row * vocab + i] + bias[i];
            }
            float expected = topK == 0 && topP == 1 || topK >= vocab && topP == 1 ? Float.NEGATIVE_INFINITY
                    : reference(x, temperature, topK, topP);
            assertEquals(expected, floors[row], "row " + row);
        }
    }

    @Test
    void wordsAsLikelyAsTheLastOneStayIn() {
        float[] x = {3, 1, 2, 1, 1, 0};
        assertArrayEquals(new float[] {1}, floors(x, new float[6], 1, 3, 1));
        // exp 3 and exp 2 are 0.78 of all, and the first of the equal ones makes it 0.86.
        assertArrayEquals(new float[] {1}, floors(x, new float[6], 1, 0, 0.8f));
        assertArrayEquals(new float[] {-0f}, floors(new float[] {-0f, -0f, 0, 0}, new float[4], 1, 2, 1), 0);
    }

    @Test
    void topPIsAShareOfWhatTopKLeaves() {
        // exp 1 is 0.58 of exp 1 + exp 0.5 + exp -1.5, but 0.62 of the first two.
        float[] x = {1, 0.5f, -1.5f};
        assertArrayEquals(new float[] {1}, floors(x, new float[3], 1, 2, 0.6f));
        assertArrayEquals(new float[] {0.5f}, floors(x, new float[3], 1, 0, 0.6f));
    }

    @Test
    void aRowWithoutProbabilityLeavesNoWordOut() {
        float[] x = new float[40];
        Arrays.fill(x, Float.NEGATIVE_INFINITY);
        assertArrayEquals(new float[] {Float.NEGATIVE_INFINITY}, floors(x, new float[40], 1, 0, 0.5f));
    }
}
