package dev.gatun.lm;

import dev.gatun.lm.kernels.Philox;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.LongStream;

/**
 * First values of a tensor, from PyTorch's default distributions: N(0, 1) for an embedding, U(-1/√hidden, 1/√hidden) for an
 * LSTM or GRU of that hidden size and for a linear layer with as many inputs.
 *
 * <p>A value depends on the seed, the tensor's name and the value's index alone, so that the order in which tensors are
 * filled does not matter, a further layer changes no other tensor, and a tensor may be filled in pieces and by several threads. The
 * numbers are not those that PyTorch draws for the same seed: its generator and order of draws are its own.
 */
final class Initializer {
    private static final double TWO_TO_MINUS_32 = 0x1p-32;

    /** Values that a task makes, beginning at a multiple of as many: enough to outweigh its start. */
    private static final int BLOCK = 1 << 13;

    private final long seed;

    Initializer(long seed) {
        this.seed = seed;
    }

    /** Makes a block of values from their random words. */
    @FunctionalInterface
    private interface Block {
        void make(int[] words, float[] values);
    }

    /**
     * Fills a float32 segment with the tensor's values from index {@code first} on, N(0, 1), by Box and Muller's transform of pairs of
     * uniform numbers.
     *
     * @param values memory that any thread may write
     */
    void normal(String tensor, long first, MemorySegment values) {
        fill(tensor, first, values, (words, block) -> {
            for (int i = 0; i < block.length; i += 2) {
                // The first number is in (0, 1], so that its logarithm is finite. StrictMath gives the same bits on every machine.
                double radius = StrictMath.sqrt(-2 * StrictMath.log((Integer.toUnsignedLong(words[i]) + 1) * TWO_TO_MINUS_32));
                double angle = 2 * Math.PI * (Integer.toUnsignedLong(words[i + 1]) * TWO_TO_MINUS_32);
                block[i] = (float) (radius * StrictMath.cos(angle));
                block[i + 1] = (float) (radius * StrictMath.sin(angle));
            }
        });
    }

    /**
     * Fills a float32 segment with the tensor's values from index {@code first} on, U(-bound, bound): the middles of 2^32 equal parts of
     * that range, each as likely.
     *
     * @param values memory that any thread may write
     */
    void uniform(String tensor, double bound, long first, MemorySegment values) {
        fill(tensor, first, values, (words, block) -> {
            for (int i = 0; i < block.length; i++) {
                block[i] = (float) (bound * ((Integer.toUnsignedLong(words[i]) + 0.5) * (2 * TWO_TO_MINUS_32) - 1));
            }
        });
    }

    private void fill(String tensor, long first, MemorySegment values, Block block) {
        long stream = streamOf(tensor);
        long end = first + values.byteSize() / Float.BYTES;
        LongStream.rangeClosed(first / BLOCK, (end - 1) / BLOCK).parallel().forEach(number -> {
            int[] words = new int[BLOCK];
            for (int i = 0; i < BLOCK; i++) {
                long index = number * BLOCK + i;
                words[i] = Philox.firstWord((int) index, (int) (index >>> 32), (int) stream, (int) (stream >>> 32), seed);
            }
            float[] made = new float[BLOCK];
            block.make(words, made);
            long from = Math.max(first, number * BLOCK);
            long to = Math.min(end, (number + 1) * BLOCK);
            MemorySegment.copy(made, (int) (from - number * BLOCK), values, ValueLayout.JAVA_FLOAT, (from - first) * Float.BYTES,
                    (int) (to - from));
        });
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
