package dev.gatun.tests.ptx;

import static dev.gatun.tests.ptx.KernelChecks.ROUNDING;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.lm.kernels.AdamState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/** adam_prepare and adam_update. */
final class AdamChecks {
    private static final float LEARNING_RATE = 0.01f;
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.999f;
    private static final float EPSILON = 1e-8f;
    private static final float WEIGHT_DECAY = 0.03f;
    private static final float CLIP_SCALE = 0.37f;
    private static final float KEEP = 0.99f;
    private static final int STEPS = 3;

    private AdamChecks() {}

    private static MemorySegment initialState() {
        MemorySegment state = Arena.ofAuto().allocate(AdamState.BYTES, Double.BYTES);
        AdamState.initialize(state, LEARNING_RATE, BETA1, BETA2, EPSILON, WEIGHT_DECAY);
        return state;
    }

    /** Everything is computed in double and rounded once, so that it is the twin's but for the order of the sum of partials. */
    static void prepare(KernelBench bench) {
        skippedPrepare(bench);
        for (float maxNorm : new float[] {0, -1, 1, 1e6f}) {
            for (int parts : new int[] {1, 40, 1500}) {
                prepare(bench, maxNorm, parts, () -> bench.normal(parts, 0));
                prepare(bench, maxNorm, parts, () -> bench.normal(parts, 1));
            }
        }
        for (int thread = 1; thread < bench.threads; thread *= 2) {
            int index = thread;
            prepare(bench, 1, bench.threads, () -> KernelBench.single(bench.threads, index));
        }
    }

    private static void prepare(KernelBench bench, float maxNorm, int parts, Supplier<MemorySegment> sums) {
        MemorySegment state = initialState();
        for (int step = 1; step <= STEPS; step++) {
            MemorySegment partials = sums.get();
            double sum = 0;
            for (int i = 0; i < parts; i++) {
                partials.setAtIndex(JAVA_FLOAT, i, Math.abs(KernelBench.at(partials, i)));
                sum += KernelBench.at(partials, i);
            }
            KernelBench.Result result = bench.run("adam_prepare", 1, KernelBench.inOut(state), partials, parts, maxNorm);
            double norm = Math.sqrt(sum);
            close(result, AdamState.GRAD_NORM, norm);
            close(result, AdamState.CLIP_SCALE, maxNorm <= 0 ? 1 : Math.min(1, maxNorm / (norm + 1e-6)));
            close(result, AdamState.STEP_SIZE, LEARNING_RATE / (1 - Math.pow(BETA1, step)));
            close(result, AdamState.INV_SQRT_BIAS2, 1 / Math.sqrt(1 - Math.pow(BETA2, step)));
            close(result, AdamState.KEEP, 1 - LEARNING_RATE * (double) WEIGHT_DECAY);
            assertEquals(step, result.intAt(0, AdamState.STEP / Integer.BYTES));
            MemorySegment after = result.memory(0);
            assertEquals(state.get(JAVA_DOUBLE, AdamState.BETA1_POWER) * BETA1, after.get(JAVA_DOUBLE.withByteAlignment(1), 0));
            assertEquals(state.get(JAVA_DOUBLE, AdamState.BETA2_POWER) * BETA2,
                    after.get(JAVA_DOUBLE.withByteAlignment(1), AdamState.BETA2_POWER));
            for (long offset : new long[] {AdamState.LEARNING_RATE, AdamState.BETA1, AdamState.BETA2, AdamState.EPSILON, AdamState.SKIP,
                AdamState.WEIGHT_DECAY}) {
                assertEquals(state.get(JAVA_FLOAT, offset), result.floatAt(0, offset / Float.BYTES), "offset " + offset + " changed");
            }
            state = Arena.ofAuto().allocate(AdamState.BYTES, Double.BYTES).copyFrom(after);
        }
    }

    private static MemorySegment skippingState() {
        MemorySegment state = initialState();
        state.set(JAVA_INT, AdamState.SKIP, 1);
        return state;
    }

    /** A step that is skipped gets its norm, finite or not, and is not counted. */
    private static void skippedPrepare(KernelBench bench) {
        MemorySegment state = skippingState();
        MemorySegment partials = bench.normal(40, 0);
        partials.setAtIndex(JAVA_FLOAT, 7, Float.POSITIVE_INFINITY);
        KernelBench.Result result = bench.run("adam_prepare", 1, KernelBench.inOut(state), partials, 40, 1f);
        result.assertTwinEqual(0);
        state.set(JAVA_FLOAT, AdamState.GRAD_NORM, Float.POSITIVE_INFINITY);
        assertEquals(-1, result.memory(0).mismatch(state));
    }

    private static void skippedUpdate(KernelBench bench) {
        MemorySegment values = bench.normal(130, 1);
        KernelBench.Result result = bench.run("adam_update", 1, KernelBench.inOut(values), KernelBench.inOut(values),
                KernelBench.inOut(values), values, skippingState(), 130L);
        for (int i = 0; i < 3; i++) {
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
            MemorySegment firstStep = initialState();
            firstStep.set(JAVA_FLOAT, AdamState.CLIP_SCALE, CLIP_SCALE);
            firstStep.set(JAVA_FLOAT, AdamState.KEEP, KEEP);
            firstStep.set(JAVA_FLOAT, AdamState.STEP_SIZE, (float) (LEARNING_RATE / (1 - (double) BETA1)));
            firstStep.set(JAVA_FLOAT, AdamState.INV_SQRT_BIAS2, (float) (1 / Math.sqrt(1 - (double) BETA2)));
            MemorySegment p = bench.normal(n, 0.1);
            MemorySegment m = bench.normal(n, 0.01);
            MemorySegment v = bench.normal(n, 0.01);
            MemorySegment g = bench.normal(n, 1);
            for (int i = 0; i < n; i++) {
                v.setAtIndex(JAVA_FLOAT, i, Math.abs(KernelBench.at(v, i)));
                if (i % 7 == 3) {
                    // No gradient, now or before: nothing moves, and nothing is 0 / 0.
                    g.setAtIndex(JAVA_FLOAT, i, 0);
                    m.setAtIndex(JAVA_FLOAT, i, 0);
                    v.setAtIndex(JAVA_FLOAT, i, 0);
                }
            }
            for (int blocks : new int[] {1, 3}) {
                KernelBench.Result result = bench.run("adam_update", blocks, KernelBench.inOut(p), KernelBench.inOut(m),
                        KernelBench.inOut(v), g, firstStep, (long) n);
                for (int i = 0; i < 3; i++) {
                    result.assertTwinEqual(i);
                }
                checkFormula(p, m, v, g, result, n);
            }
        }
    }

    private static void checkFormula(MemorySegment p, MemorySegment m, MemorySegment v, MemorySegment g, KernelBench.Result result, int n) {
        for (int i = 0; i < n; i++) {
            double gradient = KernelBench.at(g, i) * (double) CLIP_SCALE;
            double first = KernelBench.at(m, i) + (1 - (double) BETA1) * (gradient - KernelBench.at(m, i));
            double second = BETA2 * (double) KernelBench.at(v, i) + (1 - (double) BETA2) * gradient * gradient;
            double denominator = Math.sqrt(second) / Math.sqrt(1 - (double) BETA2) + EPSILON;
            double change = LEARNING_RATE / (1 - (double) BETA1) * first / denominator;
            // Eight roundings or fewer of values not larger than these; 1 - beta2 in float is off by 3e-5 of itself, relative 2^-15.
            result.assertClose(1, i, first, 8 * ROUNDING * (Math.abs(KernelBench.at(m, i)) + Math.abs(gradient)));
            result.assertClose(2, i, second, 8 * ROUNDING * (second + gradient * gradient));
            result.assertClose(0, i, KernelBench.at(p, i) * (double) KEEP - change,
                    2 * ROUNDING * Math.abs(KernelBench.at(p, i)) + 0x1p-14 * Math.abs(change));
        }
    }
}
