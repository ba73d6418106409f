package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InitializerTest {
    /** Large enough for the bounds below to be narrow, small enough to be quick. */
    private static final int COUNT = 1 << 18;

    /**
     * Bounds lie five standard errors from the expected value: chance alone would cross one in 1.7 million seeds, and the seed
     * is fixed.
     */
    private static final double ERRORS = 5;

    private static float[] normal(long seed, String tensor, int count) {
        float[] values = new float[count];
        new Initializer(seed).normal(tensor, 0, MemorySegment.ofArray(values));
        return values;
    }

    private static float[] uniform(long seed, String tensor, int count, double bound) {
        float[] values = new float[count];
        new Initializer(seed).uniform(tensor, bound, 0, MemorySegment.ofArray(values));
        return values;
    }

    private static DoubleStream stream(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]);
    }

    @Test
    void anEmbeddingIsStandardNormal() {
        float[] values = normal(7, "embed.weight", COUNT);
        // Moments of N(0, 1): the k-th sample moment has the standard error sqrt((E x^2k - (E x^k)^2) / n).
        assertEquals(0, stream(values).average().getAsDouble(), ERRORS * Math.sqrt(1.0 / COUNT), "mean");
        assertEquals(1, stream(values).map(x -> x * x).average().getAsDouble(), ERRORS * Math.sqrt(2.0 / COUNT), "variance");
        assertEquals(0, stream(values).map(x -> x * x * x).average().getAsDouble(), ERRORS * Math.sqrt(15.0 / COUNT), "third moment");
        assertEquals(3, stream(values).map(x -> x * x * x * x).average().getAsDouble(), ERRORS * Math.sqrt(96.0 / COUNT), "fourth moment");
        double beyondTwo = stream(values).filter(x -> Math.abs(x) > 2).count() / (double) COUNT;
        assertEquals(0.0455003, beyondTwo, ERRORS * Math.sqrt(0.0455 * 0.9545 / COUNT), "P(|x| > 2)");
    }

    /** Python's statistics.NormalDist gives these; the algorithm promises about 7 digits, an error of 1e-7, doubled for the margin. */
    @ParameterizedTest
    @CsvSource({"0.5, 0", "0.6, 0.2533471031", "0.75, 0.6744897502", "0.925, 1.4395314709", "0.95, 1.6448536270", "0.975, 1.9599639845",
            "0.9999, 3.7190164855", "0.999999999, 5.9978070196"})
    void aQuantileHasSevenDigits(double p, double expected) {
        assertEquals(expected, Initializer.normalQuantile(p), 2e-7 * Math.abs(expected), "upper half");
        assertEquals(-expected, Initializer.normalQuantile(1 - p), 2e-7 * Math.abs(expected), "lower half");
    }

    @Test
    void neighbouringValuesAreUncorrelated() {
        float[] values = normal(7, "embed.weight", COUNT);
        for (int lag = 1; lag <= 4; lag++) {
            int distance = lag;
            double product = IntStream.range(0, COUNT - lag).mapToDouble(i -> values[i] * (double) values[i + distance])
                    .average().getAsDouble();
            assertEquals(0, product, ERRORS * Math.sqrt(1.0 / (COUNT - lag)), "lag " + lag);
        }
    }

    @Test
    void aUniformTensorFillsItsRangeEvenly() {
        double bound = 1 / Math.sqrt(1024);
        float[] values = uniform(7, "linear.weight", COUNT, bound);
        assertTrue(stream(values).allMatch(x -> Math.abs(x) <= bound), "range");
        int bins = 64;
        long[] counts = new long[bins];
        stream(values).forEach(x -> counts[(int) Math.min(bins - 1, (x / bound + 1) / 2 * bins)]++);
        double expected = (double) COUNT / bins;
        double chiSquare = IntStream.range(0, bins).mapToDouble(i -> Math.pow(counts[i] - expected, 2) / expected).sum();
        // Chi-square with 63 degrees of freedom has mean 63 and standard deviation sqrt(126).
        assertTrue(chiSquare < 63 + ERRORS * Math.sqrt(126), "chi-square " + chiSquare);
    }

    @Test
    void aValueDependsOnSeedNameAndIndexAlone() {
        float[] whole = uniform(7, "a", 101, 1);
        float[] part = uniform(7, "a", 50, 1);
        for (int i = 0; i < part.length; i++) {
            assertEquals(whole[i], part[i], "index " + i);
        }
        assertNotEquals(whole[0], uniform(8, "a", 1, 1)[0], "another seed");
        assertNotEquals(whole[0], uniform(7, "b", 1, 1)[0], "another name");
        assertEquals(normal(7, "a", 6)[4], normal(7, "a", 5)[4], "normal values too");
    }

    /** Pieces that begin and end anywhere, of more than one task. */
    @Test
    void aTensorFilledInPiecesHasTheSameValues() {
        int count = 40_001;
        int[] ends = {1, 2, 3, 7, 20_000, count};
        float[] uniform = new float[count];
        float[] normal = new float[count];
        int first = 0;
        for (int end : ends) {
            long bytes = (long) (end - first) * Float.BYTES;
            new Initializer(7).uniform("a", 1, first, MemorySegment.ofArray(uniform).asSlice((long) first * Float.BYTES, bytes));
            new Initializer(7).normal("a", first, MemorySegment.ofArray(normal).asSlice((long) first * Float.BYTES, bytes));
            first = end;
        }
        assertArrayEquals(uniform(7, "a", count, 1), uniform);
        assertArrayEquals(normal(7, "a", count), normal);
    }
}
