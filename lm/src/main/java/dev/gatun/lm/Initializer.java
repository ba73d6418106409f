package dev.gatun.lm;

import dev.gatun.lm.kernels.Philox;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * First values of a tensor, from PyTorch's default distributions: N(0, 1) for an embedding, U(-1/√hidden, 1/√hidden) for an
 * LSTM or GRU of that hidden size and for a linear layer with as many inputs.
 *
 * <p>A value depends on the seed, the tensor's name and the value's index alone, so that the order in which tensors are
 * filled does not matter and a further layer changes no other tensor. The numbers are not those that PyTorch draws for the
 * same seed: its generator and order of draws are its own.
 */
final class Initializer {
    private static final double TWO_TO_MINUS_32 = 0x1p-32;

    private final long seed;

    Initializer(long seed) {
        this.seed = seed;
    }

    /** Fills a float32 segment with N(0, 1), by Box and Muller's transform of pairs of uniform numbers. */
    void normal(String tensor, MemorySegment values) {
        long stream = streamOf(tensor);
        long count = values.byteSize() / Float.BYTES;
        for (long i = 0; i < count; i += 2) {
            // The first number is in (0, 1], so that its logarithm is finite. StrictMath gives the same bits on every machine.
            double radius = StrictMath.sqrt(-2 * StrictMath.log((word(stream, i) + 1) * TWO_TO_MINUS_32));
            double angle = 2 * Math.PI * (word(stream, i + 1) * TWO_TO_MINUS_32);
            values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (radius * StrictMath.cos(angle)));
            if (i + 1 < count) {
                values.setAtIndex(ValueLayout.JAVA_FLOAT, i + 1, (float) (radius * StrictMath.sin(angle)));
            }
        }
    }

    /** Fills a float32 segment with U(-bound, bound): the middles of 2^32 equal parts of that range, each as likely. */
    void uniform(String tensor, double bound, MemorySegment values) {
        long stream = streamOf(tensor);
        long count = values.byteSize() / Float.BYTES;
        for (long i = 0; i < count; i++) {
            double middle = bound * ((word(stream, i) + 0.5) * (2 * TWO_TO_MINUS_32) - 1);
            values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) middle);
        }
    }

    /** Draws a number in [0, 2^32), each as likely. */
    private long word(long stream, long index) {
        return Integer.toUnsignedLong(Philox.firstWord((int) index, (int) (index >>> 32), (int) stream, (int) (stream >>> 32), seed));
    }

    /** A number for a name, to draw from a sequence of its own with: 64-bit FNV-1a over its characters. */
    private static long streamOf(String name) {
        long hash = 0xCBF29CE484222325L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001B3L;
        }
        return hash;
    }
}
