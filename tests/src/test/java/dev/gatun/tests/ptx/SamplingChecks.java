package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.lm.kernels.Philox;
import dev.gatun.lm.kernels.SamplingState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** sample, sampling_floor and advance. */
final class SamplingChecks {
    private static final int ROWS = 4;
    private static final int CAPACITY = 5;
    private static final float NONE = Float.NEGATIVE_INFINITY;


    /** A score is at most 40 here. It is rounded twice, and a variate comes of three roundings and two logarithms of 2 ulps. */
    private static final double SCORE_ERROR = 40 * 8 * KernelChecks.ROUNDING;
    private static final long SEED = 5;

    /** Counters at which, for the seed, a random number of 0 falls to a word of eight: the first to the fourth of its four words. */
    private static final long[] ZEROS = {73_189_512, 133_004_249, 193_032_735, 197_707_171};

    private SamplingChecks() {}

    static void sample(KernelBench bench) {
        for (int vocab : List.of(1, 2, 3, 4, 31, 33, 100, bench.threads, 4 * bench.threads + 4, 4 * bench.threads + 7)) {
            MemorySegment logits = bench.normal(ROWS * vocab, 2);
            MemorySegment bias = bench.normal(vocab, 1);
            if (vocab > 40) {
                bias.setAtIndex(ValueLayout.JAVA_FLOAT, vocab / 2, NONE);
            }
            draw(bench, logits, bias, ROWS, 0, 1, 99L + ((long) vocab << 33), true, NONE);
            draw(bench, logits, bias, 3, 8, 0.7f, -7 - vocab, true, 0.5f);
            draw(bench, logits, bias, ROWS + 2, 1L << 33, 1.3f, 0x1234_5678_9abc_def0L, false, NONE);
            draw(bench, logits, bias, ROWS, 1, 0, 1, true, NONE);
        }
        extremes(bench);
        share(bench);
        for (int counter = 0; counter < 40; counter++) {
            contest(bench, counter, counter % 2 == 0 ? 8 : 7);
        }
        for (long counter : ZEROS) {
            contest(bench, counter, 8);
        }
    }

    /** The Gumbel variate of a word. */
    private static double gumbel(long counter, int row, int word, long seed) {
        int[] bits = new int[4];
        Philox.words((int) counter, (int) (counter >>> 32), row, word / 4, seed, bits, 0);
        double w = ((bits[word % 4] & 0xffff_ffffL) + 0.5) * 0x1p-32;
        return -Math.log(-Math.log1p(-w));
    }

    /** Logits make up for the variates, so that all words have the same score but one a little ahead: a variate that is off shows. */
    private static void contest(KernelBench bench, long counter, int vocab) {
        float temperature = 0.8f;
        MemorySegment logits = KernelBench.floats(ROWS * vocab);
        int[] ahead = bench.random.ints(ROWS, 0, vocab).toArray();
        for (int i = 0; i < ROWS * vocab; i++) {
            double lead = i % vocab == ahead[i / vocab] ? SCORE_ERROR : 0;
            logits.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (lead - temperature * gumbel(counter, i / vocab, i % vocab, SEED)));
        }
        KernelBench.Result result = run(bench, logits, KernelBench.floats(vocab), ROWS, counter, temperature, SEED, false, NONE);
        for (int row = 0; row < ROWS; row++) {
            assertEquals(ahead[row], result.intAt(0, row), "the word ahead in row " + row);
        }
    }

    /** Checks that each row's word has the largest sum of logit and temperature times Gumbel variate among those from the floor on. */
    private static void draw(KernelBench bench, MemorySegment logits, MemorySegment bias, int blocks, long counter, float temperature,
            long seed, boolean withHistory, float floor) {
        int vocab = (int) (bias.byteSize() / Float.BYTES);
        KernelBench.Result result = run(bench, logits, bias, blocks, counter, temperature, seed, withHistory, floor);
        for (int row = 0; row < ROWS; row++) {
            double best = Double.NEGATIVE_INFINITY;
            double drawn = Double.NaN;
            for (int i = 0; i < vocab; i++) {
                float x = KernelBench.at(logits, (long) row * vocab + i) + KernelBench.at(bias, i);
                double variate = temperature == 0 ? 0 : temperature * gumbel(counter, row, i, seed);
                double score = x < floor ? Double.NEGATIVE_INFINITY : x + variate;
                best = Math.max(best, score);
                drawn = i == result.intAt(0, row) ? score : drawn;
            }
            assertTrue(drawn >= best - SCORE_ERROR || best == Double.NEGATIVE_INFINITY && result.intAt(0, row) == 0,
                    "row " + row + ": word " + result.intAt(0, row) + " has " + drawn + ", the largest is " + best);
        }
    }

    private static MemorySegment state(long counter, long seed, float temperature, int topK, float topP) {
        MemorySegment state = Arena.ofAuto().allocate(SamplingState.BYTES, Long.BYTES);
        SamplingState.initialize(state, seed, temperature, topK, topP, CAPACITY);
        state.set(ValueLayout.JAVA_LONG, SamplingState.COUNTER, counter);
        return state;
    }

    private static KernelBench.Result run(KernelBench bench, MemorySegment logits, MemorySegment bias, int blocks, long counter,
            float temperature, long seed, boolean withHistory, float floor) {
        int vocab = (int) (bias.byteSize() / Float.BYTES);
        MemorySegment history = KernelBench.ints(new int[ROWS * CAPACITY]).fill((byte) -1);
        MemorySegment floors = KernelBench.floats(ROWS);
        for (int row = 0; row < ROWS; row++) {
            floors.setAtIndex(ValueLayout.JAVA_FLOAT, row, floor);
        }
        KernelBench.Result result = bench.run("sample", blocks, KernelBench.out(ROWS), withHistory ? KernelBench.inOut(history) : null,
                state(counter, seed, temperature, 0, 1), logits, bias, floor == NONE ? null : floors, ROWS, vocab);
        if (withHistory) {
            for (int i = 0; i < ROWS * CAPACITY; i++) {
                assertEquals(i / ROWS == counter % CAPACITY ? result.intAt(0, i % ROWS) : -1, result.intAt(1, i), "history at " + i);
            }
        }
        result.assertTwinEqual(0);
        return result;
    }

    private static void extremes(KernelBench bench) {
        int vocab = 2 * bench.threads + 100;
        MemorySegment bias = KernelBench.floats(vocab);
        MemorySegment logits = KernelBench.floats(ROWS * vocab);
        for (int i = 0; i < ROWS * vocab; i++) {
            // All equal, all hopeless but one, without any probability, and steep.
            logits.setAtIndex(ValueLayout.JAVA_FLOAT, i, new float[] {1e4f, -1e4f, Float.NaN, i % vocab}[i / vocab]);
        }
        int likely = bench.threads + 50;
        logits.setAtIndex(ValueLayout.JAVA_FLOAT, vocab + likely, 1e4f);
        for (float temperature : new float[] {1e-3f, Float.MIN_VALUE, 0}) {
            KernelBench.Result result = run(bench, logits, bias, ROWS, 2, temperature, 5, true, NONE);
            assertEquals(List.of(likely, 0, vocab - 1), List.of(result.intAt(0, 1), result.intAt(0, 2), result.intAt(0, 3)));
            assertTrue(temperature != 0 || result.intAt(0, 0) == 0, "of equal words the first");
        }
    }

    /** Words come as often as their probability says: a row a draw, each at a counter of its own. */
    private static void share(KernelBench bench) {
        int vocab = 6;
        MemorySegment bias = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, 0.3f, 1, 0, -0.7f, NONE, 0.5f);
        MemorySegment logits = KernelBench.floats(ROWS * vocab);
        int draws = 400;
        int[] counts = new int[vocab];
        for (long counter = 0; counter < draws / ROWS; counter++) {
            KernelBench.Result result = run(bench, logits, bias, ROWS, counter, 0.8f, bench.threads, false, NONE);
            for (int row = 0; row < ROWS; row++) {
                counts[result.intAt(0, row)]++;
            }
        }
        double total = 0;
        for (int i = 0; i < vocab; i++) {
            total += Math.exp(KernelBench.at(bias, i) / 0.8);
        }
        double statistic = 0;
        for (int i = 0; i < vocab; i++) {
            double expected = draws * Math.exp(KernelBench.at(bias, i) / 0.8) / total;
            statistic += expected == 0 ? 0 : (counts[i] - expected) * (counts[i] - expected) / expected;
        }
        assertEquals(0, counts[4], "a word of probability zero was drawn");
        // Four degrees of freedom: exceeded with a probability below exp(-14) (Laurent and Massart, 2000, lemma 1).
        assertTrue(statistic < 4 + 2 * Math.sqrt(4 * 14) + 2 * 14, "chi-square " + statistic);
    }

    static void floor(KernelBench bench) {
        for (int vocab : List.of(1, 2, 33, 100, bench.threads, 2 * bench.threads + 7)) {
            MemorySegment logits = bench.normal(ROWS * vocab, 2);
            MemorySegment bias = bench.normal(vocab, 1);
            for (int i = 0; i < vocab; i++) {
                // Ties, and a row of nothing else.
                int round = Math.round(KernelBench.at(logits, vocab + i));
                logits.setAtIndex(ValueLayout.JAVA_FLOAT, vocab + i, round - KernelBench.at(bias, i));
                logits.setAtIndex(ValueLayout.JAVA_FLOAT, 2L * vocab + i, -KernelBench.at(bias, i));
            }
            floor(bench, logits, bias, ROWS, 1, Math.max(1, vocab / 3), 1);
            floor(bench, logits, bias, 3, 1.7f, 0, 0.9f);
            floor(bench, logits, bias, ROWS + 1, 0.6f, Math.min(20, vocab), 0.5f);
            floor(bench, logits, bias, ROWS, 1, 0, 0);
            floor(bench, logits, bias, ROWS, 1, vocab, 1);
        }
        hopeless(bench);
    }

    /** Where no word has a probability none is left out, whether there are threads without a word or not. */
    private static void hopeless(KernelBench bench) {
        for (int vocab : new int[] {1, bench.threads}) {
            MemorySegment bias = KernelBench.floats(vocab);
            for (int i = 0; i < vocab; i++) {
                bias.setAtIndex(ValueLayout.JAVA_FLOAT, i, NONE);
            }
            KernelBench.Result result = bench.run("sampling_floor", 1, KernelBench.out(1), state(0, 0, 1, 0, 0.5f),
                    KernelBench.floats(vocab), bias, 1, vocab);
            result.assertBothClose(0, 0, NONE, 0);
        }
    }

    /** Checks that as many words are from the floor on as top-k and top-p ask for, and that without those at the floor they are too few. */
    private static void floor(KernelBench bench, MemorySegment logits, MemorySegment bias, int blocks, float temperature, int topK,
            float topP) {
        int vocab = (int) (bias.byteSize() / Float.BYTES);
        KernelBench.Result result = bench.run("sampling_floor", blocks, KernelBench.out(ROWS), state(0, 0, temperature, topK, topP), logits,
                bias, ROWS, vocab);
        for (int row = 0; row < ROWS; row++) {
            float[] x = new float[vocab];
            for (int i = 0; i < vocab; i++) {
                x[i] = KernelBench.at(logits, (long) row * vocab + i) + KernelBench.at(bias, i);
            }
            // The last bit of an exponential may move the floor of top-p by a word, where it is that close.
            double slack = topP < 1 ? 8 * KernelChecks.ROUNDING : 0;
            SamplingReference.assertFloor(x, temperature, topK, topP, result.floatAt(0, row), slack);
            SamplingReference.assertFloor(x, temperature, topK, topP, result.twinFloatAt(0, row), slack);
        }
    }

    /** One thread of all counts. */
    static void advance(KernelBench bench) {
        for (int blocks : new int[] {1, 2}) {
            KernelBench.Result result = bench.run("advance", blocks, KernelBench.inOut(KernelBench.longs(0xffff_ffffL)));
            assertEquals(1L << 32, result.memory(0).get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
            result.assertTwinEqual(0);
        }
    }
}
