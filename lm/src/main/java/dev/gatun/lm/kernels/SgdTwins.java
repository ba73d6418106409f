package dev.gatun.lm.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.MemorySegment;

/** Twins of sgd_prepare and sgd_update, in the kernels' precision and order of operations. */
final class SgdTwins {
    private static final long PARAMETERS_A_TASK = 32 * Tiles.SIZE;

    private SgdTwins() {}

    /** Advances the state by a step: the gradients' norm from partials[parts], clip scale, the average's weight; if skipped, the norm. */
    static void prepare(KernelLaunch launch) {
        int parts = launch.intAt(2);
        float maxNorm = launch.floatAt(3);
        MemorySegment state = launch.memoryAt(0, SgdState.BYTES);
        double norm = Clip.norm(launch.memoryAt(1, (long) parts * Float.BYTES), parts);
        state.set(JAVA_FLOAT, SgdState.GRAD_NORM, (float) norm);
        if (state.get(JAVA_INT, SgdState.SKIP) != 0) {
            return;
        }
        int step = state.get(JAVA_INT, SgdState.STEP);
        state.set(JAVA_FLOAT, SgdState.CLIP_SCALE, Clip.scale(norm, maxNorm));
        state.set(JAVA_FLOAT, SgdState.AVERAGE_WEIGHT, 1f / Math.max(1, step - state.get(JAVA_INT, SgdState.AVERAGING_START)));
        state.set(JAVA_INT, SgdState.STEP, step + 1);
    }

    /** Clips g[n] and updates the parameters p[n] and, where it is given, their average[n]; a skipped step does not. */
    static void update(KernelLaunch launch) {
        if (launch.memoryAt(3, SgdState.BYTES).get(JAVA_INT, SgdState.SKIP) == 0) {
            launch.parallel(Math.toIntExact(Math.ceilDiv(launch.longAt(4), PARAMETERS_A_TASK)), SgdTwins::updateTask);
        }
    }

    private static void updateTask(KernelLaunch launch, int task) {
        long n = launch.longAt(4);
        MemorySegment p = launch.memoryAt(0, n * Float.BYTES);
        MemorySegment average = launch.isNull(1) ? null : launch.memoryAt(1, n * Float.BYTES);
        MemorySegment g = launch.memoryAt(2, n * Float.BYTES);
        MemorySegment state = launch.memoryAt(3, SgdState.BYTES);
        float averageWeight = state.get(JAVA_FLOAT, SgdState.AVERAGE_WEIGHT);
        long end = Math.min(n, (task + 1) * PARAMETERS_A_TASK);
        Tiles tiles = Tiles.ofThread();
        for (long i = task * PARAMETERS_A_TASK; i < end; i += Tiles.SIZE) {
            int length = Tiles.length(i, end);
            Tiles.load(p, i, tiles.a, length);
            Tiles.load(g, i, tiles.b, length);
            update(tiles.a, tiles.b, length, state);
            Tiles.store(tiles.a, p, i, length);
            if (average != null) {
                Tiles.load(average, i, tiles.c, length);
                average(tiles.c, tiles.a, length, averageWeight);
                Tiles.store(tiles.c, average, i, length);
            }
        }
    }

    private static void update(float[] p, float[] g, int n, MemorySegment state) {
        float clipScale = state.get(JAVA_FLOAT, SgdState.CLIP_SCALE);
        float weightDecay = state.get(JAVA_FLOAT, SgdState.WEIGHT_DECAY);
        float learningRate = state.get(JAVA_FLOAT, SgdState.LEARNING_RATE);
        for (int i = 0; i < n; i++) {
            float gradient = g[i] * clipScale + weightDecay * p[i];
            p[i] -= learningRate * gradient;
        }
    }

    private static void average(float[] average, float[] p, int n, float weight) {
        for (int i = 0; i < n; i++) {
            average[i] = weight == 1 ? p[i] : average[i] + (p[i] - average[i]) * weight;
        }
    }
}
