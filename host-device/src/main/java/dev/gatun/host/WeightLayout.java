package dev.gatun.host;

/**
 * Where the matrices and biases of an LSTM lie in its weight space.
 *
 * <p>Dense, as cuDNN 9 was seen to do it: layer by layer the matrices of the gates i, f, g, o that act on the input, then
 * those on the state; behind all matrices the biases in the same order. Scattered, for tests: the same pieces in reverse
 * order with gaps between, so that a program that does not ask for each piece's place computes nonsense. The arithmetic
 * always works on the dense form.
 */
final class WeightLayout {
    private static final int PIECES = 8;
    private static final int INPUT_PIECES = 4;

    /** Floats; keeps pieces on 64-byte boundaries apart from what their own sizes do. */
    private static final long GAP = 16;

    private final boolean scattered;
    private final int layers;

    /** By piece: matrices first, then biases, each by layer and id; offsets and sizes are in floats. */
    private final long[] sizes;
    private final long[] dense;
    private final long[] placed;
    private final long denseBytes;
    private final long bytes;

    WeightLayout(RnnShape rnn, boolean scattered) {
        this.scattered = scattered;
        layers = rnn.layers();
        int matrices = PIECES * layers;
        sizes = new long[2 * matrices];
        dense = new long[2 * matrices];
        long next = 0;
        for (int piece = 0; piece < sizes.length; piece++) {
            long columns = piece >= matrices ? 1 : piece % PIECES < INPUT_PIECES ? rnn.inputSize(piece / PIECES) : rnn.hiddenSize();
            sizes[piece] = rnn.hiddenSize() * columns;
            dense[piece] = next;
            next += sizes[piece];
        }
        denseBytes = Float.BYTES * next;
        if (!scattered) {
            placed = dense;
            bytes = denseBytes;
            return;
        }
        placed = new long[2 * matrices];
        next = GAP;
        for (int piece = sizes.length - 1; piece >= 0; piece--) {
            placed[piece] = next;
            next += sizes[piece] + GAP;
        }
        bytes = Float.BYTES * next;
    }

    /** Returns the bytes from the weight space's start to a gate's matrix; ids 0 to 3 act on the input, 4 to 7 on the state. */
    long matrixOffset(int layer, int id) {
        return Float.BYTES * placed[PIECES * layer + id];
    }

    /** Returns the bytes from the weight space's start to a gate's bias. */
    long biasOffset(int layer, int id) {
        return Float.BYTES * placed[PIECES * (layers + layer) + id];
    }

    /** Returns the size of the weight space. */
    long bytes() {
        return bytes;
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
            Native.copy(space + Float.BYTES * placed[piece], scratch + Float.BYTES * dense[piece], Float.BYTES * sizes[piece]);
        }
        return scratch;
    }

    /** Returns the address to add a dense gradient to: the space itself, or zeros in scratch memory. */
    long denseGradient(long space, long scratch) {
        if (!scattered) {
            return space;
        }
        Native.fill(scratch, denseBytes, (byte) 0);
        return scratch;
    }

    /** Adds to the space what was added to {@link #denseGradient}. */
    void addGradient(long space, long gradient) {
        for (int piece = 0; scattered && piece < sizes.length; piece++) {
            for (long i = 0; i < sizes[piece]; i++) {
                long to = space + Float.BYTES * (placed[piece] + i);
                Native.putFloat(to, Native.getFloat(to) + Native.getFloat(gradient + Float.BYTES * (dense[piece] + i)));
            }
        }
    }
}
