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
     * Fills a float32 segment with the tensor's values from index {@code first} on, N(0, 1): the quantiles of uniform numbers.
     *
     * @param values memory that any thread may write
     */
    void normal(String tensor, long first, MemorySegment values) {
        fill(tensor, first, values, (words, block) -> {
            for (int i = 0; i < block.length; i++) {
                block[i] = (float) normalQuantile((Integer.toUnsignedLong(words[i]) + 0.5) * TWO_TO_MINUS_32);
            }
        });
    }

    /**
     * Returns what a normal number falls below with probability {@code p}, to about 7 digits (Wichura, Algorithm AS 241: the percentage
     * points of the normal distribution, 1988, PPND7).
     *
     * @param p at least e^-25 away from 0 and 1, beyond which that algorithm goes on with further constants
     */
    static double normalQuantile(double p) {
        double q = p - 0.5;
        if (Math.abs(q) <= 0.425) {
            double r = 0.180625 - q * q;
            return q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)
                    / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1);
        }
        // StrictMath gives the same bits on every machine.
        double r = Math.sqrt(-StrictMath.log(Math.min(p, 1 - p))) - 1.6;
        double beyond = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777)
                / ((0.12021132975 * r + 0.73700164250) * r + 1);
        return Math.copySign(beyond, q);
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
            float[] made = new float[BLOCK];
            block.make(words(stream, number), made);
            long from = Math.max(first, number * BLOCK);
            long to = Math.min(end, (number + 1) * BLOCK);
            MemorySegment.copy(made, (int) (from - number * BLOCK), values, ValueLayout.JAVA_FLOAT, (from - first) * Float.BYTES,
                    (int) (to - from));
        });
    }

    /** Returns the random words of a block, one a value. */
    private int[] words(long stream, long block) {
        int[] words = new int[BLOCK];
        for (int i = 0; i < BLOCK; i += Philox.WORDS) {
            long group = (block * BLOCK + i) / Philox.WORDS;
            Philox.words((int) group, (int) (group >>> 32), (int) stream, (int) (stream >>> 32), seed, words, i);
        }
        return words;
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
