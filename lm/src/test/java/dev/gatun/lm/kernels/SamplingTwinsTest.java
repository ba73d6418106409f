package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplingTwinsTest {
    private static final int CAPACITY = 3;

    private static MemorySegment state(float temperature, long seed, long counter) {
        MemorySegment state = Arena.ofAuto().allocate(SamplingState.BYTES, Long.BYTES);
        SamplingState.initialize(state, seed, temperature, 0, 1, CAPACITY);
        state.set(ValueLayout.JAVA_LONG, SamplingState.COUNTER, counter);
        return state;
    }

    private static int[] sample(float[] logits, float[] bias, float temperature, long seed, long counter) {
        return sample(logits, bias, null, temperature, seed, counter);
    }

    private static int[] sample(float[] logits, float[] bias, float[] floors, float temperature, long seed, long counter) {
        int rows = logits.length / bias.length;
        MemorySegment ids = TestLaunch.output(rows);
        new TestLaunch(rows, ids, null, state(temperature, seed, counter), TestLaunch.floats(logits), TestLaunch.floats(bias),
                floors == null ? null : TestLaunch.floats(floors), rows, bias.length).shuffled(seed).run("sample");
        return ids.toArray(ValueLayout.JAVA_INT);
    }

    /**
     * A statistic of chi-square with k degrees of freedom exceeds k + 2 sqrt(k t) + 2 t with a probability below exp(-t) (Laurent
     * and Massart, 2000, lemma 1); t = 14 makes that one in a million.
     */
    private static void assertFollows(double[] probabilities, int[] counts) {
        int draws = Arrays.stream(counts).sum();
        double statistic = 0;
        int words = 0;
        for (int i = 0; i < counts.length; i++) {
            double expected = draws * probabilities[i];
            if (expected == 0) {
                assertEquals(0, counts[i], "a word of probability zero was drawn");
            } else {
                words++;
                statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
            }
        }
        double freedom = words - 1;
        double found = statistic;
        assertTrue(statistic < freedom + 2 * Math.sqrt(freedom * 14) + 2 * 14, () -> found + " of " + Arrays.toString(counts));
    }

    @ParameterizedTest
    @CsvSource({"1, 1, -Infinity", "0.5, 2, -Infinity", "2, 3, -Infinity", "1, -9007199254740993, -Infinity", "0.7, 5, 0.1"})
    void wordsComeAsOftenAsTheirProbabilitySays(float temperature, long seed, float floor) {
        float[] logits = {0, 1, -1, 0.5f, -0.5f, 2, 1.5f};
        float[] bias = {0.3f, 0, 1, -0.2f, 0, -1, Float.NEGATIVE_INFINITY};
        double[] probabilities = new double[bias.length];
        for (int i = 0; i < bias.length; i++) {
            float x = logits[i] + bias[i];
            probabilities[i] = x < floor ? 0 : Math.exp(x / temperature);
        }
        double total = Arrays.stream(probabilities).sum();
        Arrays.setAll(probabilities, i -> probabilities[i] / total);
        int[] counts = new int[bias.length];
        for (int counter = 0; counter < 30_000; counter++) {
            counts[sample(logits, bias, new float[] {floor}, temperature, seed, counter)[0]]++;
        }
        assertFollows(probabilities, counts);
    }

    /** A vocabulary of several tiles, in which likely words are rare: by the words' ranks, in ten classes. */
    @Test
    void aLargeVocabularyFollowsItsProbabilitiesToo() {
        int vocab = 2500;
        int rows = 20_000;
        float[] logits = TestLaunch.normal(new Random(7), vocab, 2);
        double[] weights = new double[vocab];
        Arrays.setAll(weights, i -> Math.exp(logits[i]));
        double total = Arrays.stream(weights).sum();
        int[] counts = new int[10];
        double[] probabilities = new double[10];
        for (int i = 0; i < vocab; i++) {
            probabilities[i % 10] += weights[i] / total;
        }
        float[] zeros = new float[vocab];
        for (int counter = 0; counter < rows; counter++) {
            counts[sample(logits, zeros, 1, 3, counter)[0] % 10]++;
        }
        assertFollows(probabilities, counts);
    }

    /** Scores are sums of a logit below 10 and a variate below 24, rounded to float: two that are this close may change places. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 1023, 1024, 1025, 10_007})
    void theWordHasTheLargestSumOfLogitAndGumbelVariate(int vocab) {
        int rows = 40;
        long seed = 0x1234_5678_9abc_def0L;
        Random random = new Random(vocab);
        float[] logits = TestLaunch.normal(random, rows * vocab, 2);
        float[] bias = TestLaunch.normal(random, vocab, 1);
        int[] ids = sample(logits, bias, 0.8f, seed, (1L << 32) + 5);
        for (int row = 0; row < rows; row++) {
            double best = Double.NEGATIVE_INFINITY;
            double drawn = 0;
            for (int i = 0; i < vocab; i++) {
                int[] bits = new int[4];
                Philox.words(5, 1, row, i / 4, seed, bits, 0);
                double w = (Integer.toUnsignedLong(bits[i % 4]) + 0.5) * 0x1p-32;
                double score = logits[row * vocab + i] + bias[i] - 0.8f * Math.log(-Math.log1p(-w));
                best = Math.max(best, score);
                drawn = i == ids[row] ? score : drawn;
            }
            assertTrue(drawn >= best - 40 * 0x1p-22, "row " + row + ": " + drawn + " where " + best + " is the largest");
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
    @ValueSource(floats = {1e-3f, 1e-30f, Float.MIN_VALUE, 0})
    void aLowTemperatureTakesTheLikeliestWord(float temperature) {
        float[] logits = TestLaunch.normal(new Random(3), 2000, 1);
        logits[1234] = 10;
        for (int counter = 0; counter < 100; counter++) {
            assertEquals(1234, sample(logits, new float[2000], temperature, 1, counter)[0]);
        }
    }

    @Test
    void ofEquallyLikelyWordsTheFirstIsTakenAtTemperatureZero() {
        float[] logits = new float[3000];
        logits[1500] = 1;
        logits[2500] = 1;
        assertEquals(1500, sample(logits, new float[3000], 0, 1, 0)[0]);
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
    void historyGetsARowACounterInTurnAndTheCounterStays() {
        MemorySegment ids = TestLaunch.output(3);
        MemorySegment history = TestLaunch.output(3 * CAPACITY);
        MemorySegment state = state(1, 7, CAPACITY + 2);
        MemorySegment logits = TestLaunch.floats(TestLaunch.normal(new Random(1), 30, 1));
        new TestLaunch(3, ids, history, state, logits, TestLaunch.floats(new float[10]), null, 3, 10).run("sample");
        int[] drawn = ids.toArray(ValueLayout.JAVA_INT);
        assertArrayEquals(new int[] {-1, -1, -1, -1, -1, -1, drawn[0], drawn[1], drawn[2]}, history.toArray(ValueLayout.JAVA_INT));
        assertEquals(CAPACITY + 2, state.get(ValueLayout.JAVA_LONG, SamplingState.COUNTER));
    }

    @Test
    void advanceAddsOneInSixtyFourBits() {
        MemorySegment counter = TestLaunch.longs(0xffff_ffffL);
        new TestLaunch(1, counter).run("advance");
        assertEquals(1L << 32, counter.get(ValueLayout.JAVA_LONG, 0));
    }
}
