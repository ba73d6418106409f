package dev.gatun.lm.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.MemorySegment;

/** Twins of cast_half, cast_bfloat16, widen_half, widen_bfloat16 and update_loss_scale; a NaN may differ from the kernel's in its bits. */
final class MixedPrecisionTwins {
    private static final long VALUES_A_TASK = 32 * Tiles.SIZE;
    private static final int NAN = 0x7fff;

    private static final ThreadLocal<short[]> TILE = ThreadLocal.withInitial(() -> new short[Tiles.SIZE]);

    private interface Rounding {
        void apply(float[] x, float scale, short[] bits, int n);
    }

    private interface Widening {
        void apply(short[] bits, float scale, float[] x, int n);
    }

    private MixedPrecisionTwins() {}

    /** out[n] = x[n] in float16, times scale[0] before where that is given. */
    static void castHalf(KernelLaunch launch) {
        launch.parallel(tasks(launch), MixedPrecisionTwins::castHalfTask);
    }

    /** out[n] = x[n] in bfloat16, times scale[0] before where that is given. */
    static void castBfloat16(KernelLaunch launch) {
        launch.parallel(tasks(launch), MixedPrecisionTwins::castBfloat16Task);
    }

    /** out[n] = x[n] of float16, times scale[0] where that is given. */
    static void widenHalf(KernelLaunch launch) {
        launch.parallel(tasks(launch), MixedPrecisionTwins::widenHalfTask);
    }

    /** out[n] = x[n] of bfloat16, times scale[0] where that is given. */
    static void widenBfloat16(KernelLaunch launch) {
        launch.parallel(tasks(launch), MixedPrecisionTwins::widenBfloat16Task);
    }

    private static int tasks(KernelLaunch launch) {
        return Math.toIntExact(Math.ceilDiv(launch.longAt(3), VALUES_A_TASK));
    }

    private static void castHalfTask(KernelLaunch launch, int task) {
        cast(launch, task, MixedPrecisionTwins::toHalf);
    }

    private static void castBfloat16Task(KernelLaunch launch, int task) {
        cast(launch, task, MixedPrecisionTwins::toBfloat16);
    }

    private static void widenHalfTask(KernelLaunch launch, int task) {
        widen(launch, task, MixedPrecisionTwins::ofHalf);
    }

    private static void widenBfloat16Task(KernelLaunch launch, int task) {
        widen(launch, task, MixedPrecisionTwins::ofBfloat16);
    }

    private static void cast(KernelLaunch launch, int task, Rounding rounding) {
        long n = launch.longAt(3);
        MemorySegment out = launch.memoryAt(0, n * Short.BYTES);
        MemorySegment x = launch.memoryAt(1, n * Float.BYTES);
        float scale = scale(launch);
        float[] floats = Tiles.ofThread().a;
        short[] bits = TILE.get();
        long end = Math.min(n, (task + 1) * VALUES_A_TASK);
        for (long i = task * VALUES_A_TASK; i < end; i += Tiles.SIZE) {
            int length = Tiles.length(i, end);
            Tiles.load(x, i, floats, length);
            rounding.apply(floats, scale, bits, length);
            MemorySegment.copy(bits, 0, out, JAVA_SHORT, i * Short.BYTES, length);
        }
    }

    private static void widen(KernelLaunch launch, int task, Widening widening) {
        long n = launch.longAt(3);
        MemorySegment out = launch.memoryAt(0, n * Float.BYTES);
        MemorySegment x = launch.memoryAt(1, n * Short.BYTES);
        float scale = scale(launch);
        float[] floats = Tiles.ofThread().a;
        short[] bits = TILE.get();
        long end = Math.min(n, (task + 1) * VALUES_A_TASK);
        for (long i = task * VALUES_A_TASK; i < end; i += Tiles.SIZE) {
            int length = Tiles.length(i, end);
            MemorySegment.copy(x, JAVA_SHORT, i * Short.BYTES, bits, 0, length);
            widening.apply(bits, scale, floats, length);
            Tiles.store(floats, out, i, length);
        }
    }

    private static float scale(KernelLaunch launch) {
        return launch.isNull(2) ? 1 : launch.memoryAt(2, Float.BYTES).get(JAVA_FLOAT, 0);
    }

    private static void toHalf(float[] x, float scale, short[] bits, int n) {
        for (int i = 0; i < n; i++) {
            bits[i] = Float.floatToFloat16(x[i] * scale);
        }
    }

    private static void ofHalf(short[] bits, float scale, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Float.float16ToFloat(bits[i]) * scale;
        }
    }

    private static void toBfloat16(float[] x, float scale, short[] bits, int n) {
        for (int i = 0; i < n; i++) {
            float value = x[i] * scale;
            int raw = Float.floatToRawIntBits(value);
            int nearest = raw + 0x7fff + (raw >>> 16 & 1); // ties to even
            bits[i] = (short) (value == value ? nearest >>> 16 : NAN);
        }
    }

    private static void ofBfloat16(short[] bits, float scale, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Float.intBitsToFloat(bits[i] << 16) * scale;
        }
    }

    /** Skips the step and halves the scale where one of partials[parts] is not finite, doubles it after {@code interval} good ones. */
    static void updateLossScale(KernelLaunch launch) {
        int parts = launch.intAt(3);
        int interval = launch.intAt(4);
        MemorySegment loss = launch.memoryAt(0, LossScaleState.BYTES);
        MemorySegment skip = launch.memoryAt(1, Integer.BYTES);
        MemorySegment partials = launch.memoryAt(2, (long) parts * Float.BYTES);
        boolean overflow = false;
        for (int i = 0; i < parts; i++) {
            overflow |= !Float.isFinite(partials.getAtIndex(JAVA_FLOAT, i));
        }
        float scale = loss.get(JAVA_FLOAT, LossScaleState.SCALE);
        int goodSteps = loss.get(JAVA_INT, LossScaleState.GOOD_STEPS) + 1;
        if (overflow) {
            scale /= 2;
            goodSteps = 0;
        } else if (goodSteps == interval) {
            scale = Float.isFinite(2 * scale) ? 2 * scale : scale;
            goodSteps = 0;
        }
        loss.set(JAVA_FLOAT, LossScaleState.INVERSE, 1 / scale);
        loss.set(JAVA_FLOAT, LossScaleState.SCALE, scale);
        loss.set(JAVA_INT, LossScaleState.GOOD_STEPS, goodSteps);
        skip.set(JAVA_INT, 0, overflow ? 1 : 0);
    }
}
