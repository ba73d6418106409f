package dev.gatun.host.compute;

/**
 * Where a call of {@link Gru} keeps what, as offsets in bytes: in the weights, in the scratch memory, and in the tape that a
 * forward pass writes and the backward passes read. Each part starts on a cache line.
 */
final class GruSpace {
    private final Lstm.Shape shape;
    private final long packedBytes;

    private static GruSpace last;

    /** Returns the places for a shape, for a caller that has {@linkplain WorkerPool#lock taken the cores}. */
    static GruSpace of(Lstm.Shape shape) {
        // The calls of a step follow each other, and are all of one shape.
        if (last == null || last.shape != shape) {
            last = new GruSpace(shape);
        }
        return last;
    }

    private GruSpace(Lstm.Shape shape) {
        this.shape = shape;
        packedBytes = packs() ? Math.max(forward().packedBytes(), backward().packedBytes()) : 0;
    }

    /** Returns whether the recurrent weights are packed: it takes about as long as one product without, of several rows. */
    boolean packs() {
        return shape.steps() > 1 && shape.batch() > 1;
    }

    /** Returns the product of the state with the recurrent weights' transpose. */
    PackedProduct forward() {
        return PackedProduct.of(shape.batch(), 3 * shape.hiddenSize(), shape.hiddenSize(), true, false);
    }

    /** Returns the product of the gradients of the {@link #products} with the recurrent weights, added to the state's gradients. */
    PackedProduct backward() {
        return PackedProduct.of(shape.batch(), shape.hiddenSize(), 3 * shape.hiddenSize(), false, true);
    }

    // The weights.

    long inputWeights(int layer) {
        return layer == 0 ? 0 : 3 * hidden() * ((shape.inputSize() + hidden()) + (layer - 1) * 2 * hidden()) * Memory.F;
    }

    long recurrentWeights(int layer) {
        return inputWeights(layer) + 3 * hidden() * shape.inputSize(layer) * Memory.F;
    }

    /** Six vectors [H]: the three of W, then the three of R. */
    long biases(int layer) {
        return inputWeights(shape.layers()) + 6 * hidden() * layer * Memory.F;
    }

    // The tape, layer by layer.

    /** [T][N][3H]: r, z, n; after the backward pass, the gradients of the sums under their nonlinearities. */
    long gates(int layer) {
        return layer * layerBytes();
    }

    /**
     * [T][N][3H]: the products of the state with the weights, of which the backward pass reads the last third, q; it turns them
     * into their gradients, of which the first two thirds are those of {@link #gates}.
     */
    long products(int layer) {
        return gates(layer) + LstmSpace.lines(3 * states());
    }

    /** [T][N][H]: of a layer below the top. */
    long outputs(int layer) {
        return products(layer) + LstmSpace.lines(3 * states());
    }

    /** [T][N][H]: the outputs of a layer below the top, after dropout. */
    long nextInputs(int layer) {
        return outputs(layer) + LstmSpace.lines(states());
    }

    /** One bit for each of {@link #nextInputs}: whether it was kept. */
    long mask(int layer) {
        return nextInputs(layer) + LstmSpace.lines(states());
    }

    long tapeBytes() {
        return outputs(shape.layers() - 1);
    }

    private long layerBytes() {
        return 2 * LstmSpace.lines(3 * states()) + 2 * LstmSpace.lines(states()) + DropoutMask.bytes(states());
    }

    // The scratch memory: what only one of the passes uses shares its place with what another does.

    /** The recurrent weights as one of the products wants them; forward, and backward. */
    long packedWeights() {
        return 0;
    }

    /** [N][H]; backward. */
    long stateGradients() {
        return LstmSpace.lines(packedBytes / Memory.F);
    }

    /** [T][N][H]: between two layers; backward. */
    long layerGradients() {
        return stateGradients() + LstmSpace.lines(shape.batch() * hidden());
    }

    /** [T][N][H]: the state before each step; gradient of the weights. */
    long statesBefore() {
        return 0;
    }

    /** [T][N][input]: the inputs, cleared behind the sequences' ends; gradient of the weights, ragged batches only. */
    long inputs() {
        return LstmSpace.lines(states());
    }

    long scratchBytes() {
        long backward = layerGradients() + (shape.layers() > 1 ? LstmSpace.lines(states()) : 0);
        long gradient = inputs() + (shape.lengths() != null ? LstmSpace.lines(shape.rows() * shape.inputSize()) : 0);
        return Math.max(backward, gradient);
    }

    private long hidden() {
        return shape.hiddenSize();
    }

    private long states() {
        return shape.rows() * hidden();
    }
}
