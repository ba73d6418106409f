package dev.gatun.host;

/**
 * Where the matrices and biases of an LSTM or GRU lie in its weight space.
 *
 * <p>Dense, as cuDNN 9 was seen to do it: layer by layer the matrices of the gates (i, f, g, o of an LSTM, r, z, n of a GRU)
 * that act on the input, then those on the state, then that of a projection; behind all matrices the biases in the same order.
 * Scattered, for tests: the same pieces in reverse
 * order with gaps between, so that a program that does not ask for each piece's place computes nonsense. The arithmetic
 * always works on the dense form.
 */
final class WeightLayout {
    /** Bytes; keeps pieces on 64-byte boundaries apart from what their own sizes do. */
    private static final long GAP = 64;

    private final boolean scattered;
    private final int elementBytes;
    private final int matrices;
    private final int matricesALayer;
    private final int biasesALayer;

    /** By piece: matrices first, then biases, each by layer and id; offsets and sizes are in elements. */
    private final long[] sizes;
    private final long[] dense;
    private final long[] placed;
    private final long denseBytes;
    private final long bytes;

    WeightLayout(RnnShape rnn, boolean scattered) {
        this.scattered = scattered;
        elementBytes = rnn.elementBytes();
        biasesALayer = 2 * rnn.gates();
        matricesALayer = biasesALayer + (rnn.projects() ? 1 : 0);
        matrices = matricesALayer * rnn.layers();
        sizes = new long[matrices + biasesALayer * rnn.layers()];
        dense = new long[sizes.length];
        long next = 0;
        for (int piece = 0; piece < sizes.length; piece++) {
            int id = piece % matricesALayer;
            sizes[piece] = piece < matrices ? (long) rnn.rows(id) * rnn.columns(piece / matricesALayer, id) : rnn.hiddenSize();
            dense[piece] = next;
            next += sizes[piece];
        }
        denseBytes = elementBytes * next;
        if (!scattered) {
            placed = dense;
            bytes = denseBytes;
            return;
        }
        placed = new long[sizes.length];
        long gap = GAP / elementBytes;
        next = gap;
        for (int piece = sizes.length - 1; piece >= 0; piece--) {
            placed[piece] = next;
            next += sizes[piece] + gap;
        }
        bytes = elementBytes * next;
    }

    boolean hasMatrix(int id) {
        return id < matricesALayer;
    }

    /** Returns whether the matrix of this id has a bias; that of a projection has none. */
    boolean hasBias(int id) {
        return id < biasesALayer;
    }

    /** Returns the bytes from the weight space's start to a matrix; ids are cuDNN's: the input's gates, the state's, the projection. */
    long matrixOffset(int layer, int id) {
        return elementBytes * placed[matricesALayer * layer + id];
    }

    /** Returns the bytes from the weight space's start to a gate's bias. */
    long biasOffset(int layer, int id) {
        return elementBytes * placed[matrices + biasesALayer * layer + id];
    }

    /** Returns the size of the weight space. */
    long bytes() {
        return bytes;
    }

    /** Returns the size of the dense form. */
    long denseBytes() {
        return denseBytes;
    }

    /** Returns the bytes of scratch memory that {@link #dense} and {@link #denseGradient} need. */
    long scratchBytes() {
        return scattered ? denseBytes : 0;
    }

    /** Returns the address of dense weights: the space itself, or a copy in scratch memory. */
    long dense(long space, long scratch) {
        if (!scattered) {
            return space;
        }
        for (int piece = 0; piece < sizes.length; piece++) {
            Native.copy(space + elementBytes * placed[piece], scratch + elementBytes * dense[piece], elementBytes * sizes[piece]);
        }
        return scratch;
    }

    /** Returns how many elements the dense weights have. */
    long denseCount() {
        return denseBytes / elementBytes;
    }

    /** Returns the address to add a dense gradient to: the space itself, or zeros in scratch memory; of 16 bits, a copy. */
    long denseGradient(long space, long scratch) {
        if (!scattered || elementBytes != Float.BYTES) {
            return dense(space, scratch);
        }
        Native.fill(scratch, denseBytes, (byte) 0);
        return scratch;
    }

    /** Adds to the space what was added to {@link #denseGradient}. */
    void addGradient(long space, long gradient) {
        if (elementBytes != Float.BYTES) {
            copyBack(space, gradient);
            return;
        }
        for (int piece = 0; scattered && piece < sizes.length; piece++) {
            for (long i = 0; i < sizes[piece]; i++) {
                long to = space + Float.BYTES * (placed[piece] + i);
                Native.putFloat(to, Native.getFloat(to) + Native.getFloat(gradient + Float.BYTES * (dense[piece] + i)));
            }
        }
    }

    private void copyBack(long space, long dense16) {
        for (int piece = 0; scattered && piece < sizes.length; piece++) {
            Native.copy(dense16 + elementBytes * dense[piece], space + elementBytes * placed[piece], elementBytes * sizes[piece]);
        }
    }
}
