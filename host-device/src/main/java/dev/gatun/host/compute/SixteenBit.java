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

    abstract void toFloats(short[] bits, float[] floats, int count);

    abstract void ofFloats(float[] floats, short[] bits, int count);

    /** Writes {@code count} elements at {@code bits} to {@code floats}. */
    void widen(long bits, long floats, long count) {
        Pass.SHARED.run(this, bits, 0, 0, floats, count);
    }

    /** Writes {@code count} floats, rounded, to {@code bits}. */
    void round(long floats, long bits, long count) {
        Pass.SHARED.run(this, 0, floats, bits, 0, count);
    }

    /** Replaces {@code count} floats by the numbers of this type nearest to them. */
    void round(long floats, long count) {
        Pass.SHARED.run(this, 0, floats, 0, floats, count);
    }

    /** Replaces {@code count} floats by the numbers of a type nearest to them; of null, leaves them alone. */
    static void round(SixteenBit type, long floats, long count) {
        if (type != null) {
            type.round(floats, count);
        }
    }

    /** A pass over elements; used by whoever holds the worker pool, so that one object does for all. */
    private static final class Pass {
        static final Pass SHARED = new Pass();

        private final IntConsumer task = this::task;
        private SixteenBit type;
        private long fromBits;
        private long fromFloats;
        private long toBits;
        private long toFloats;
        private long count;

        /** Reads elements from one of two addresses, and writes them to one of two; the others are 0. */
        void run(SixteenBit type, long fromBits, long fromFloats, long toBits, long toFloats, long count) {
            this.type = type;
            this.fromBits = fromBits;
            this.fromFloats = fromFloats;
            this.toBits = toBits;
            this.toFloats = toFloats;
            this.count = count;
            WorkerPool.shared().parallel(Math.toIntExact(Math.ceilDiv(count, ELEMENTS_A_TASK)), task);
        }

        private void task(int number) {
            Tiles tiles = Tiles.OF_THREAD.get();
            long end = Math.min(count, (number + 1) * ELEMENTS_A_TASK);
            for (long first = number * ELEMENTS_A_TASK; first < end; first += TILE) {
                int n = (int) Math.min(TILE, end - first);
                if (fromBits != 0) {
                    Memory.load(fromBits + first * BYTES, tiles.bits, n);
                } else {
                    Memory.load(fromFloats + first * Memory.F, tiles.floats, n);
                    type.ofFloats(tiles.floats, tiles.bits, n);
                }
                if (toBits != 0) {
                    Memory.store(tiles.bits, n, toBits + first * BYTES);
                } else {
                    type.toFloats(tiles.bits, tiles.floats, n);
                    Memory.store(tiles.floats, n, toFloats + first * Memory.F);
                }
            }
        }
    }
}
