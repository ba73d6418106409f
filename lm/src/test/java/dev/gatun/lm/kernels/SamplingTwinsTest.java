package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplingTwinsTest {
    private static int[] sample(float[] logits, float[] bias, float temperature, long seed, long counter) {
        int rows = logits.length / bias.length;
        MemorySegment ids = TestLaunch.output(rows);
        new TestLaunch(rows, ids, null, TestLaunch.longs(counter), TestLaunch.floats(logits), TestLaunch.floats(bias), rows, bias.length,
                temperature, seed).run("sample");
        return ids.toArray(ValueLayout.JAVA_INT);
    }

    /**
     * A statistic of chi-square with k degrees of freedom exceeds k + 2 sqrt(k t) + 2 t with a probability below exp(-t) (Laurent
     * and Massart, 2000, lemma 1); t = 14 makes that one in a million.
     */
    @ParameterizedTest
    @CsvSource({"1, 1", "0.5, 2", "2, 3", "1, -9007199254740993"})
    void wordsComeAsOftenAsTheirProbabilitySays(float temperature, long seed) {
        float[] logits = {0, 1, -1, 0.5f, -0.5f, 2, 1.5f};
        float[] bias = {0.3f, 0, 1, -0.2f, 0, -1, Float.NEGATIVE_INFINITY};
        int draws = 30_000;
        int words = 6;
        int[] counts = new int[bias.length];
        for (int counter = 0; counter < draws; counter++) {
            counts[sample(logits, bias, temperature, seed, counter)[0]]++;
        }
        double total = 0;
        for (int i = 0; i < words; i++) {
            total += Math.exp((logits[i] + bias[i]) / temperature);
        }
        double statistic = 0;
        for (int i = 0; i < words; i++) {
            double expected = draws * Math.exp((logits[i] + bias[i]) / temperature) / total;
            statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
        }
        assertEquals(0, counts[6], "a word of probability zero was drawn");
        double freedom = words - 1;
        assertTrue(statistic < freedom + 2 * Math.sqrt(freedom * 14) + 2 * 14, () -> "counts " + Arrays.toString(counts));
    }

    /** Weights are rounded to float, so that a boundary between words may lie 2^-23 of the total from where doubles put it. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 1023, 1024, 1025, 10_007})
    void theWordIsTheFirstWhoseCumulativeProbabilityExceedsU(int vocab) {
        int rows = 40;
        long seed = 0x1234_5678_9abc_def0L;
        Random random = new Random(vocab);
        float[] logits = TestLaunch.normal(random, rows * vocab, 2);
        float[] bias = TestLaunch.normal(random, vocab, 1);
        long counter = (1L << 32) + 5;
        int[] ids = sample(logits, bias, 0.8f, seed, counter);
        for (int row = 0; row < rows; row++) {
            double[] cumulative = new double[vocab + 1];
            for (int i = 0; i < vocab; i++) {
                cumulative[i + 1] = cumulative[i] + Math.exp((double) (logits[row * vocab + i] + bias[i]) / 0.8f);
            }
            double u = (Philox.firstWord(5, 1, row, 0, seed) >>> 8) * 0x1p-24;
            double below = cumulative[ids[row]] / cumulative[vocab];
            double above = cumulative[ids[row] + 1] / cumulative[vocab];
            assertTrue(below - 0x1p-23 <= u && u < above + 0x1p-23, "row " + row + ": " + u + " is not in [" + below + ", " + above + ")");
        }
    }

    @Test
    void aDrawDependsOnSeedCounterAndRowAndOnNothingElse() {
        float[] row = TestLaunch.normal(new Random(1), 1000, 0.1);
        float[] twoRows = Arrays.copyOf(row, 2000);
        System.arraycopy(row, 0, twoRows, 1000, 1000);
        float[] bias = new float[1000];
        int[] ids = sample(twoRows, bias, 1, 1, 0);
        assertArrayEquals(ids, sample(twoRows, bias, 1, 1, 0));
        assertEquals(ids[0], sample(row, bias, 1, 1, 0)[0]);
        assertTrue(ids[0] != ids[1]);
        assertTrue(ids[0] != sample(row, bias, 1, 2, 0)[0]);
        assertTrue(ids[0] != sample(row, bias, 1, 1L + (1L << 32), 0)[0]);
        assertTrue(ids[0] != sample(row, bias, 1, 1, 1)[0]);
        assertTrue(ids[0] != sample(row, bias, 1, 1, 1L << 32)[0]);
    }

    @ParameterizedTest
    @ValueSource(floats = {1e-3f, 1e-30f, Float.MIN_VALUE})
    void aLowTemperatureTakesTheLikeliestWord(float temperature) {
        float[] logits = TestLaunch.normal(new Random(3), 2000, 1);
        logits[1234] = 10;
        for (int counter = 0; counter < 100; counter++) {
            assertEquals(1234, sample(logits, new float[2000], temperature, 1, counter)[0]);
        }
    }

    @Test
    void extremeLogitsGiveAWordOfNonZeroProbability() {
        float[] logits = new float[1500];
        Arrays.fill(logits, -1e4f);
        logits[1400] = 1e4f;
        assertEquals(1400, sample(logits, new float[1500], 1, 1, 0)[0]);
        Arrays.fill(logits, Float.NaN);
        assertEquals(0, sample(logits, new float[1500], 1, 1, 0)[0], "without any probability, a valid id all the same");
    }

    @Test
    void historyGetsARowACounterAndTheCounterStays() {
        MemorySegment ids = TestLaunch.output(3);
        MemorySegment history = TestLaunch.output(9);
        MemorySegment counter = TestLaunch.longs(2);
        MemorySegment logits = TestLaunch.floats(TestLaunch.normal(new Random(1), 30, 1));
        new TestLaunch(3, ids, history, counter, logits, TestLaunch.floats(new float[10]), 3, 10, 1f, 7L).run("sample");
        int[] drawn = ids.toArray(ValueLayout.JAVA_INT);
        assertArrayEquals(new int[] {-1, -1, -1, -1, -1, -1, drawn[0], drawn[1], drawn[2]}, history.toArray(ValueLayout.JAVA_INT));
        assertEquals(2, counter.get(ValueLayout.JAVA_LONG, 0));
    }

    @Test
    void advanceAddsOneInSixtyFourBits() {
        MemorySegment counter = TestLaunch.longs(0xffff_ffffL);
        new TestLaunch(1, counter).run("advance");
        assertEquals(1L << 32, counter.get(ValueLayout.JAVA_LONG, 0));
    }
}
