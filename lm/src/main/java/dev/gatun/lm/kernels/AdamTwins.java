package dev.gatun.lm.kernels;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.MemorySegment;

/** Twins of adam_prepare and adam_update, in the kernels' precision and order of operations. */
final class AdamTwins {
    private static final long PARAMETERS_A_TASK = 32 * Tiles.SIZE;

    private AdamTwins() {}

    /** Advances the state by a step: the norm from partials[parts], clip scale, bias corrections, decay; if skipped, the norm. */
    static void prepare(KernelLaunch launch) {
        int parts = launch.intAt(2);
        float maxNorm = launch.floatAt(3);
        MemorySegment state = launch.memoryAt(0, AdamState.BYTES);
        MemorySegment partials = launch.memoryAt(1, (long) parts * Float.BYTES);
        double norm = Clip.norm(partials, parts);
        state.set(JAVA_FLOAT, AdamState.GRAD_NORM, (float) norm);
        if (state.get(JAVA_INT, AdamState.SKIP) != 0) {
            return;
        }
        double beta1Power = state.get(JAVA_DOUBLE, AdamState.BETA1_POWER) * state.get(JAVA_FLOAT, AdamState.BETA1);
        double beta2Power = state.get(JAVA_DOUBLE, AdamState.BETA2_POWER) * state.get(JAVA_FLOAT, AdamState.BETA2);
        state.set(JAVA_FLOAT, AdamState.CLIP_SCALE, Clip.scale(norm, maxNorm));
        state.set(JAVA_DOUBLE, AdamState.BETA1_POWER, beta1Power);
        state.set(JAVA_DOUBLE, AdamState.BETA2_POWER, beta2Power);
        state.set(JAVA_FLOAT, AdamState.STEP_SIZE, (float) (state.get(JAVA_FLOAT, AdamState.LEARNING_RATE) / (1 - beta1Power)));
        state.set(JAVA_FLOAT, AdamState.INV_SQRT_BIAS2, (float) (1 / Math.sqrt(1 - beta2Power)));
        state.set(JAVA_FLOAT, AdamState.KEEP,
                (float) (1 - (double) state.get(JAVA_FLOAT, AdamState.LEARNING_RATE) * state.get(JAVA_FLOAT, AdamState.WEIGHT_DECAY)));
        state.set(JAVA_INT, AdamState.STEP, state.get(JAVA_INT, AdamState.STEP) + 1);
    }

    /** Clips g[n] and updates the moments m[n] and v[n] and the parameters p[n]; a skipped step does not. */
    static void update(KernelLaunch launch) {
        if (launch.memoryAt(4, AdamState.BYTES).get(JAVA_INT, AdamState.SKIP) == 0) {
            launch.parallel(Math.toIntExact(Math.ceilDiv(launch.longAt(5), PARAMETERS_A_TASK)), AdamTwins::updateTask);
        }
    }

    private static void updateTask(KernelLaunch launch, int task) {
        long n = launch.longAt(5);
        MemorySegment p = launch.memoryAt(0, n * Float.BYTES);
        MemorySegment m = launch.memoryAt(1, n * Float.BYTES);
        MemorySegment v = launch.memoryAt(2, n * Float.BYTES);
        MemorySegment g = launch.memoryAt(3, n * Float.BYTES);
        MemorySegment state = launch.memoryAt(4, AdamState.BYTES);
        float clipScale = state.get(JAVA_FLOAT, AdamState.CLIP_SCALE);
        float beta1 = state.get(JAVA_FLOAT, AdamState.BETA1);
        float beta2 = state.get(JAVA_FLOAT, AdamState.BETA2);
        float stepSize = state.get(JAVA_FLOAT, AdamState.STEP_SIZE);
        float invSqrtBias2 = state.get(JAVA_FLOAT, AdamState.INV_SQRT_BIAS2);
        float epsilon = state.get(JAVA_FLOAT, AdamState.EPSILON);
        float keep = state.get(JAVA_FLOAT, AdamState.KEEP);
        long end = Math.min(n, (task + 1) * PARAMETERS_A_TASK);
        Tiles tiles = Tiles.ofThread();
        for (long i = task * PARAMETERS_A_TASK; i < end; i += Tiles.SIZE) {
            int length = Tiles.length(i, end);
            Tiles.load(p, i, tiles.a, length);
            Tiles.load(m, i, tiles.b, length);
            Tiles.load(v, i, tiles.c, length);
            Tiles.load(g, i, tiles.d, length);
            update(tiles.a, tiles.b, tiles.c, tiles.d, length, clipScale, beta1, beta2, stepSize, invSqrtBias2, epsilon, keep);
            Tiles.store(tiles.a, p, i, length);
            Tiles.store(tiles.b, m, i, length);
            Tiles.store(tiles.c, v, i, length);
        }
    }

    private static void update(float[] p, float[] m, float[] v, float[] g, int n, float clipScale, float beta1, float beta2, float stepSize,
            float invSqrtBias2, float epsilon, float keep) {
        float oneMinusBeta1 = 1 - beta1;
        float oneMinusBeta2 = 1 - beta2;
        for (int i = 0; i < n; i++) {
            float gradient = g[i] * clipScale;
            float first = m[i] + oneMinusBeta1 * (gradient - m[i]);
            float second = beta2 * v[i] + oneMinusBeta2 * gradient * gradient;
            m[i] = first;
            v[i] = second;
            p[i] = p[i] * keep - stepSize * first / ((float) Math.sqrt(second) * invSqrtBias2 + epsilon);
        }
    }
}
