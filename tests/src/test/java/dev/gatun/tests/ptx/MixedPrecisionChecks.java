package dev.gatun.tests.ptx;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.lm.kernels.LossScaleState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** cast_half, cast_bfloat16, widen_half, widen_bfloat16 and update_loss_scale. */
final class MixedPrecisionChecks {
    private static final float SCALE = 1024;

    /**
     * A type of 16 bits.
     *
     * @param fraction its fraction bits, not counting the leading 1
     * @param smallest its least positive number
     * @param overflow what rounds to infinity, and all above it
     */
    private record Type(String name, int fraction, double smallest, double overflow) {
        static final Type HALF = new Type("half", 10, 0x1p-24, 65520);
        static final Type BFLOAT16 = new Type("bfloat16", 7, 0x1p-133, 0x1.ffp127);

        double value(short bits) {
            return this == HALF ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
        }

        /** Rounds to the nearest, ties to even: the spacing of the type's numbers at x is that of its exponent, or the smallest. */
        double nearest(double x) {
            if (Double.isNaN(x) || Math.abs(x) >= overflow) {
                return Double.isNaN(x) ? x : Math.copySign(Double.POSITIVE_INFINITY, x);
            }
            double spacing = Math.max(smallest, Math.scalb(1, Math.getExponent(x) - fraction));
            return Math.rint(x / spacing) * spacing;
        }
    }

    private MixedPrecisionChecks() {}

    static void castHalf(KernelBench bench) {
        cast(bench, Type.HALF);
    }

    static void castBfloat16(KernelBench bench) {
        cast(bench, Type.BFLOAT16);
    }

    static void widenHalf(KernelBench bench) {
        widen(bench, Type.HALF);
    }

    static void widenBfloat16(KernelBench bench) {
        widen(bench, Type.BFLOAT16);
    }

    /** The larger ones are tried unaligned, too, where loops over single values are unrolled by four and leave some. */
    private static int[] sizes(KernelBench bench) {
        return new int[] {1, 2, 3, 4, 5, 130, 8 * bench.threads + 5, 3001};
    }

    /** Ordinary numbers, and ones whose rounding is a tie, is subnormal, overflows, or is NaN. */
    private static MemorySegment floats(KernelBench bench, int n) {
        float[] special = {0x1.0040p0f, 0x1.00c0p0f, 0x1.01p0f, 0x1.03p0f, 65504, 65519, 65520, -1e6f, 0x1p-25f, 0x1.8p-24f, -0f,
            0x1.ffp127f, Float.MAX_VALUE, Float.MIN_VALUE, 0x1.8p-133f, Float.NaN, Float.NEGATIVE_INFINITY};
        MemorySegment x = bench.normal(n, 1);
        for (int i = 0; i < n; i += 3) {
            x.setAtIndex(JAVA_FLOAT, i, special[i / 3 % special.length]);
        }
        return x;
    }

    private static void cast(KernelBench bench, Type type) {
        for (int n : sizes(bench)) {
            MemorySegment x = floats(bench, n);
            KernelBench.Output out = new KernelBench.Output(null, 2L * n);
            cast(bench, type, n % 2 + 1, out, x, x, null, n);
            cast(bench, type, n % 2 + 1, out, x, x, Arena.ofAuto().allocateFrom(JAVA_FLOAT, SCALE), n);
            if (n > 2 * bench.threads) {
                cast(bench, type, 1, new KernelBench.Shifted(out, Short.BYTES), x, x, null, n);
                cast(bench, type, 1, out, new KernelBench.Shifted(x, Float.BYTES), x, null, n);
            }
        }
    }

    private static void cast(KernelBench bench, Type type, int blocks, Object out, Object in, MemorySegment x, MemorySegment scale, int n) {
        KernelBench.Result result = bench.run("cast_" + type.name, blocks, out, in, scale, (long) n);
        for (int i = 0; i < n; i++) {
            double expected = type.nearest(KernelBench.at(x, i) * (scale == null ? 1 : SCALE));
            short bits = result.memory(0).getAtIndex(JAVA_SHORT_UNALIGNED, i);
            assertEquals(expected, type.value(bits), () -> type + " of a float");
            assertEquals(expected, type.value(result.twinMemory(0).getAtIndex(JAVA_SHORT_UNALIGNED, i)), () -> type + " of the twin");
        }
    }

    /** All numbers of the type are tried in the end; a product with a power of two is exact. */
    private static void widen(KernelBench bench, Type type) {
        for (int n : sizes(bench)) {
            MemorySegment x = Arena.ofAuto().allocate(2L * n, Long.BYTES);
            for (int i = 0; i < n; i++) {
                x.setAtIndex(JAVA_SHORT_UNALIGNED, i, (short) bench.random.nextInt());
            }
            widen(bench, type, n % 2 + 1, KernelBench.out(n), x, x, null, n);
            widen(bench, type, n % 2 + 1, KernelBench.out(n), x, x, Arena.ofAuto().allocateFrom(JAVA_FLOAT, SCALE), n);
            if (n > 2 * bench.threads) {
                widen(bench, type, 1, new KernelBench.Shifted(KernelBench.out(n), Float.BYTES), x, x, null, n);
                widen(bench, type, 1, KernelBench.out(n), new KernelBench.Shifted(x, Short.BYTES), x, null, n);
            }
        }
    }

    private static void widen(KernelBench bench, Type type, int blocks, Object out, Object in, MemorySegment x, MemorySegment scale,
            int n) {
        KernelBench.Result result = bench.run("widen_" + type.name, blocks, out, in, scale, (long) n);
        for (int i = 0; i < n; i++) {
            double value = type.value(x.getAtIndex(JAVA_SHORT_UNALIGNED, i));
            result.assertBothClose(0, i, (float) (scale == null ? value : value * SCALE), 0);
        }
    }

    /** An overflow anywhere among the sums is found; the rule is that of PyTorch's GradScaler. */
    static void updateLossScale(KernelBench bench) {
        for (int parts : new int[] {1, 40, 1500}) {
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                MemorySegment partials = bench.normal(parts, 1e30);
                partials.setAtIndex(JAVA_FLOAT, bench.random.nextInt(parts), bad);
                update(bench, partials, 65536, 7, 8, 32768, 0, true);
            }
        }
        for (int thread = 0; thread < bench.threads; thread = 2 * thread + 1) {
            MemorySegment partials = KernelBench.floats(bench.threads);
            partials.setAtIndex(JAVA_FLOAT, thread, Float.NaN);
            update(bench, partials, 2, 0, 8, 1, 0, true);
        }
        for (int parts : new int[] {1, bench.threads + 1}) {
            MemorySegment good = bench.normal(parts, 1e30);
            good.setAtIndex(JAVA_FLOAT, 0, Float.MAX_VALUE);
            update(bench, good, 65536, 6, 8, 65536, 7, false);
            update(bench, good, 65536, 7, 8, 131072, 0, false);
            update(bench, good, 0x1p127f, 7, 8, 0x1p127f, 0, false);
        }
    }

    private static void update(KernelBench bench, MemorySegment partials, float scale, int goodSteps, int interval, float newScale,
            int newGoodSteps, boolean skipped) {
        MemorySegment loss = Arena.ofAuto().allocate(LossScaleState.BYTES, Float.BYTES);
        LossScaleState.initialize(loss, scale);
        loss.set(JAVA_INT, LossScaleState.GOOD_STEPS, goodSteps);
        MemorySegment skip = Arena.ofAuto().allocate(Integer.BYTES, Integer.BYTES).fill((byte) 1);
        KernelBench.Result result = bench.run("update_loss_scale", 1, KernelBench.inOut(loss), KernelBench.inOut(skip), partials,
                (int) (partials.byteSize() / Float.BYTES), interval);
        result.assertTwinEqual(0);
        result.assertTwinEqual(1);
        assertEquals(1 / newScale, result.floatAt(0, LossScaleState.INVERSE / Float.BYTES));
        assertEquals(0, result.floatAt(0, LossScaleState.INVERSE / Float.BYTES + 1));
        assertEquals(newScale, result.floatAt(0, LossScaleState.SCALE / Float.BYTES));
        assertEquals(newGoodSteps, result.intAt(0, LossScaleState.GOOD_STEPS / Integer.BYTES));
        assertEquals(skipped ? 1 : 0, result.intAt(1, 0));
    }
}
