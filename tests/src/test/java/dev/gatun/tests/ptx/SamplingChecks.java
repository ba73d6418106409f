package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.lm.kernels.Philox;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** sample and advance. */
final class SamplingChecks {
    private static final int ROWS = 4;

    private SamplingChecks() {}

    static void sample(KernelBench bench) {
        for (int vocab : List.of(1, 2, 3, 31, 33, 100, bench.threads, bench.threads + 1, 3 * bench.threads + 7)) {
            MemorySegment logits = bench.normal(ROWS * vocab, 2);
            MemorySegment bias = bench.normal(vocab, 1);
            if (vocab > 40) {
                bias.setAtIndex(ValueLayout.JAVA_FLOAT, vocab / 2, Float.NEGATIVE_INFINITY);
            }
            draw(bench, logits, bias, ROWS, 0, 1, 99L + ((long) vocab << 33), true);
            draw(bench, logits, bias, 3, 3, 0.7f, -7 - vocab, true);
            draw(bench, logits, bias, ROWS + 2, 1L << 33, 1.3f, 0x1234_5678_9abc_def0L, false);
        }
        extremes(bench);
    }

    /** Checks that each row's word is the first whose cumulative probability exceeds u. */
    private static void draw(KernelBench bench, MemorySegment logits, MemorySegment bias, int blocks, long counter, float temperature,
            long seed, boolean withHistory) {
        int vocab = (int) (bias.byteSize() / Float.BYTES);
        KernelBench.Result result = run(bench, logits, bias, blocks, counter, temperature, seed, withHistory);
        for (int row = 0; row < ROWS; row++) {
            int id = result.intAt(0, row);
            assertTrue(id >= 0 && id < vocab, "id " + id);
            double max = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < vocab; i++) {
                max = Math.max(max, KernelBench.at(logits, (long) row * vocab + i) + KernelBench.at(bias, i));
            }
            double total = 0;
            double below = 0;
            double weight = 0;
            for (int i = 0; i < vocab; i++) {
                double w = Math.exp((KernelBench.at(logits, (long) row * vocab + i) + KernelBench.at(bias, i) - max) / temperature);
                total += w;
                below += i < id ? w : 0;
                weight = i == id ? w : weight;
            }
            double u = (Philox.firstWord((int) counter, (int) (counter >>> 32), row, 0, seed) >>> 8) * 0x1p-24;
            // Weights are good to a few ulps of single precision, and so is a boundary between words.
            double slack = (4 + 4 * bench.ulps) * KernelChecks.ROUNDING;
            assertTrue(weight > 0, "a word of probability zero was drawn");
            assertTrue(below / total - slack <= u && u < (below + weight) / total + slack, "row " + row + ": word " + id + " for " + u);
        }
    }

    private static KernelBench.Result run(KernelBench bench, MemorySegment logits, MemorySegment bias, int blocks, long counter,
            float temperature, long seed, boolean withHistory) {
        int vocab = (int) (bias.byteSize() / Float.BYTES);
        MemorySegment history = KernelBench.ints(new int[ROWS * 5]).fill((byte) -1);
        KernelBench.Result result = bench.run("sample", blocks, KernelBench.out(ROWS), withHistory ? KernelBench.inOut(history) : null,
                KernelBench.longs(counter), logits, bias, ROWS, vocab, temperature, seed);
        if (withHistory) {
            for (int i = 0; i < ROWS * 5; i++) {
                assertEquals(i / ROWS == counter ? result.intAt(0, i % ROWS) : -1, result.intAt(1, i), "history at " + i);
            }
        }
        if (bench.ulps == 0) {
            result.assertTwinEqual(0);
        }
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
        for (long counter = 0; counter < 3; counter++) {
            KernelBench.Result result = run(bench, logits, bias, ROWS, counter, 1e-3f, 5, true);
            assertEquals(List.of(likely, 0, vocab - 1), List.of(result.intAt(0, 1), result.intAt(0, 2), result.intAt(0, 3)));
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
