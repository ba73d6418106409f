package dev.gatun.tests.ptx;

import static dev.gatun.tests.ptx.KernelChecks.ROUNDING;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.lm.kernels.SgdState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** sgd_prepare and sgd_update. */
final class SgdChecks {
    private static final float LEARNING_RATE = 0.25f;
    private static final float WEIGHT_DECAY = 0.01f;
    private static final float CLIP_SCALE = 0.37f;

    private SgdChecks() {}

    private static MemorySegment initialState(int averagingStart) {
        MemorySegment state = Arena.ofAuto().allocate(SgdState.BYTES, Float.BYTES);
        SgdState.initialize(state, LEARNING_RATE, WEIGHT_DECAY, averagingStart);
        return state;
    }

    /** The norm is computed in double and rounded once, so that it is the twin's but for the order of the sum of partials. */
    static void prepare(KernelBench bench) {
        skippedPrepare(bench);
        for (int averagingStart : new int[] {0, 2, Integer.MAX_VALUE}) {
            prepare(bench, averagingStart, 1, bench.normal(40, 1), 6);
        }
        for (float maxNorm : new float[] {0, -1, 1, 1e6f}) {
            for (int parts : new int[] {1, 40, 1500}) {
                prepare(bench, 0, maxNorm, bench.normal(parts, 0), 1);
                prepare(bench, 0, maxNorm, bench.normal(parts, 1), 1);
            }
        }
        for (int thread = 1; thread < bench.threads; thread *= 2) {
            prepare(bench, 0, 1, KernelBench.single(bench.threads, thread), 1);
        }
    }

    private static void prepare(KernelBench bench, int averagingStart, float maxNorm, MemorySegment partials, int steps) {
        int parts = (int) (partials.byteSize() / Float.BYTES);
        double sum = 0;
        for (int i = 0; i < parts; i++) {
            partials.setAtIndex(JAVA_FLOAT, i, Math.abs(KernelBench.at(partials, i)));
            sum += KernelBench.at(partials, i);
        }
        double norm = Math.sqrt(sum);
        MemorySegment state = initialState(averagingStart);
        for (int step = 1; step <= steps; step++) {
            KernelBench.Result result = bench.run("sgd_prepare", 1, KernelBench.inOut(state), partials, parts, maxNorm);
            close(result, SgdState.GRAD_NORM, norm);
            close(result, SgdState.CLIP_SCALE, maxNorm <= 0 ? 1 : Math.min(1, maxNorm / (norm + 1e-6)));
            close(result, SgdState.AVERAGE_WEIGHT, 1.0 / Math.max(1, step - 1 - averagingStart));
            assertEquals(step, result.intAt(0, SgdState.STEP / Integer.BYTES));
            for (long offset : new long[] {SgdState.LEARNING_RATE, SgdState.WEIGHT_DECAY, SgdState.AVERAGING_START, SgdState.SKIP}) {
                assertEquals(state.get(JAVA_INT, offset), result.intAt(0, offset / Integer.BYTES), "offset " + offset + " changed");
            }
            state = Arena.ofAuto().allocate(SgdState.BYTES, Float.BYTES).copyFrom(result.memory(0));
        }
    }

    private static MemorySegment skippingState() {
        MemorySegment state = initialState(0);
        state.set(JAVA_INT, SgdState.SKIP, 1);
        return state;
    }

    /** A step that is skipped gets its norm, finite or not, and is not counted. */
    private static void skippedPrepare(KernelBench bench) {
        MemorySegment state = skippingState();
        MemorySegment partials = bench.normal(40, 0);
        partials.setAtIndex(JAVA_FLOAT, 7, Float.POSITIVE_INFINITY);
        KernelBench.Result result = bench.run("sgd_prepare", 1, KernelBench.inOut(state), partials, 40, 1f);
        result.assertTwinEqual(0);
        state.set(JAVA_FLOAT, SgdState.GRAD_NORM, Float.POSITIVE_INFINITY);
        assertEquals(-1, result.memory(0).mismatch(state));
    }

    private static void skippedUpdate(KernelBench bench) {
        MemorySegment values = bench.normal(130, 1);
        KernelBench.Result result = bench.run("sgd_update", 1, KernelBench.inOut(values), KernelBench.inOut(values), values,
                skippingState(), 130L);
        for (int i = 0; i < 2; i++) {
            result.assertTwinEqual(i);
            assertEquals(-1, result.memory(i).mismatch(values), "a skipped step changed parameter " + i);
        }
    }

    private static void close(KernelBench.Result result, long offset, double expected) {
        result.assertBothClose(0, offset / Float.BYTES, expected, expected * (ROUNDING + 1e-10));
    }

    /** No operation here is approximate, and twins do the same ones in the same order: the same bits, and close to the formula. */
    static void update(KernelBench bench) {
        skippedUpdate(bench);
        for (int n : new int[] {1, 2, 3, 4, 5, 130, 8 * bench.threads + 5, 3001}) {
            MemorySegment p = bench.normal(n, 0.1);
            MemorySegment average = bench.normal(n, 0.1);
            MemorySegment g = bench.normal(n, 1);
            for (float weight : new float[] {1, 0.2f}) {
                MemorySegment state = stepState(weight);
                for (int blocks : new int[] {1, 3}) {
                    update(bench, blocks, p, average, g, state, weight, n, 0);
                    update(bench, blocks, p, null, g, state, weight, n, 0);
                }
            }
        }
        singly(bench);
    }

    /** Values that 16-byte accesses do not suit, six or seven a thread: loops over them are unrolled by four and leave some. */
    private static void singly(KernelBench bench) {
        int n = 6 * bench.threads + 3;
        MemorySegment p = bench.normal(n, 0.1);
        MemorySegment average = bench.normal(n, 0.1);
        MemorySegment g = bench.normal(n, 1);
        update(bench, 1, p, average, g, stepState(1), 1, n, Float.BYTES);
        update(bench, 1, p, average, g, stepState(0.2f), 0.2f, n, Float.BYTES);
        update(bench, 1, p, null, g, stepState(1), 1, n, Float.BYTES);
    }

    private static MemorySegment stepState(float weight) {
        MemorySegment state = initialState(0);
        state.set(JAVA_FLOAT, SgdState.CLIP_SCALE, CLIP_SCALE);
        state.set(JAVA_FLOAT, SgdState.AVERAGE_WEIGHT, weight);
        return state;
    }

    private static void update(KernelBench bench, int blocks, MemorySegment p, MemorySegment average, MemorySegment g, MemorySegment state,
            float weight, int n, int shift) {
        Object parameters = shift == 0 ? KernelBench.inOut(p) : new KernelBench.Shifted(KernelBench.inOut(p), shift);
        KernelBench.Result result = bench.run("sgd_update", blocks, parameters,
                average == null ? null : KernelBench.inOut(average), g, state, (long) n);
        result.assertTwinEqual(0);
        if (average != null) {
            result.assertTwinEqual(1);
        }
        for (int i = 0; i < n; i++) {
            double before = KernelBench.at(p, i);
            double gradient = KernelBench.at(g, i) * (double) CLIP_SCALE;
            double after = before - LEARNING_RATE * (gradient + WEIGHT_DECAY * before);
            // Three roundings of the gradient and one of the parameter, of values not larger than these; the average has three more.
            double size = Math.abs(before) + Math.abs(gradient);
            result.assertClose(0, i, after, 4 * ROUNDING * size);
            if (average != null) {
                double mean = KernelBench.at(average, i);
                result.assertClose(1, i, mean + (after - mean) * weight, 7 * ROUNDING * (size + Math.abs(mean)));
            }
        }
    }
}
