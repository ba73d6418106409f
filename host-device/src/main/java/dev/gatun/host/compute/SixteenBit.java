package dev.gatun.host.compute;

import java.util.function.IntConsumer;

/**
 * The 16-bit floating-point types, in which data are stored and never computed: conversions to float32, which are exact, and back,
 * rounding to the nearest with ties to even; what is too large becomes infinite.
 */
public enum SixteenBit {
    /** IEEE 754 binary16. */
    HALF {
        @Override
        void toFloats(short[] bits, float[] floats, int count) {
            for (int i = 0; i < count; i++) {
                floats[i] = Float.float16ToFloat(bits[i]);
            }
        }

        @Override
        void ofFloats(float[] floats, short[] bits, int count) {
            for (int i = 0; i < count; i++) {
                bits[i] = Float.floatToFloat16(floats[i]);
            }
        }
    },

    /** The upper half of a binary32. */
    BFLOAT16 {
        @Override
        void toFloats(short[] bits, float[] floats, int count) {
            for (int i = 0; i < count; i++) {
                floats[i] = Float.intBitsToFloat(bits[i] << 16);
            }
        }

        @Override
        void ofFloats(float[] floats, short[] bits, int count) {
            for (int i = 0; i < count; i++) {
                int raw = Float.floatToRawIntBits(floats[i]);
                int nearest = raw + 0x7fff + (raw >>> 16 & 1);
                bits[i] = (short) (Float.isNaN(floats[i]) ? NAN : nearest >>> 16);
            }
        }
    };

    /** Bytes of an element. */
    public static final int BYTES = Short.BYTES;

    /** A NaN of either type. */
    public static final short NAN = 0x7fff;

    private static final int TILE = 1024;
    private static final long ELEMENTS_A_TASK = 32 * TILE;

    private static final class Tiles {
        static final ThreadLocal<Tiles> OF_THREAD = ThreadLocal.withInitial(Tiles::new);

        final short[] bits = new short[TILE];
        final float[] floats = new float[TILE];
    }

    private interface Body {
        void run(Tiles tiles, long first, int count);
    }

    abstract void toFloats(short[] bits, float[] floats, int count);

    abstract void ofFloats(float[] floats, short[] bits, int count);

    /** Writes {@code count} elements at {@code bits} to {@code floats}. */
    void widen(long bits, long floats, long count) {
        parallel(count, (tiles, first, n) -> {
            Memory.load(bits + first * BYTES, tiles.bits, n);
            toFloats(tiles.bits, tiles.floats, n);
            Memory.store(tiles.floats, n, floats + first * Memory.F);
        });
    }

    /** Writes {@code count} floats, rounded, to {@code bits}. */
    void round(long floats, long bits, long count) {
        parallel(count, (tiles, first, n) -> {
            Memory.load(floats + first * Memory.F, tiles.floats, n);
            ofFloats(tiles.floats, tiles.bits, n);
            Memory.store(tiles.bits, n, bits + first * BYTES);
        });
    }

    /** Replaces {@code count} floats by the numbers of this type nearest to them. */
    void round(long floats, long count) {
        parallel(count, (tiles, first, n) -> {
            Memory.load(floats + first * Memory.F, tiles.floats, n);
            ofFloats(tiles.floats, tiles.bits, n);
            toFloats(tiles.bits, tiles.floats, n);
            Memory.store(tiles.floats, n, floats + first * Memory.F);
        });
    }

    /** Replaces {@code count} floats by the numbers of a type nearest to them; of null, leaves them alone. */
    static void round(SixteenBit type, long floats, long count) {
        if (type != null) {
            type.round(floats, count);
        }
    }

    private static void parallel(long count, Body body) {
        IntConsumer task = number -> {
            Tiles tiles = Tiles.OF_THREAD.get();
            long end = Math.min(count, (number + 1) * ELEMENTS_A_TASK);
            for (long first = number * ELEMENTS_A_TASK; first < end; first += TILE) {
                body.run(tiles, first, (int) Math.min(TILE, end - first));
            }
        };
        WorkerPool.shared().parallel(Math.toIntExact(Math.ceilDiv(count, ELEMENTS_A_TASK)), task);
    }
}
