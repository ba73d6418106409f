package dev.gatun.host.compute;

/**
 * Where a call of {@link Lstm} keeps what, as offsets in bytes: in the weights, in the scratch memory, and in the tape that
 * a forward pass writes and the backward passes read. Each part starts on a cache line.
 */
final class LstmSpace {
    private static final long LINE = 64;

    private final Lstm.Shape shape;
    private final long packedBytes;
    private final long packedProjectionBytes;

    private static LstmSpace last;

    /** Returns the places for a shape, for a caller that has {@linkplain WorkerPool#lock taken the cores}. */
    static LstmSpace of(Lstm.Shape shape) {
        // The calls of a step follow each other, and are all of one shape.
        if (last == null || last.shape != shape) {
            last = new LstmSpace(shape);
        }
        return last;
    }

    private LstmSpace(Lstm.Shape shape) {
        this.shape = shape;
        packedBytes = packs() ? Math.max(forward().packedBytes(), backward().packedBytes()) : 0;
        packedProjectionBytes = packs() && shape.projects()
                ? Math.max(project().packedBytes(), projectBack().packedBytes()) : 0;
    }

    /** Returns whether the recurrent weights are packed: it takes about as long as one product without, of several rows. */
    boolean packs() {
        return shape.steps() > 1 && shape.batch() > 1;
    }

    /** Returns the product of the state with the recurrent weights' transpose, added to the gates' sums. */
    PackedProduct forward() {
        return PackedProduct.of(shape.batch(), 4 * shape.hiddenSize(), shape.outputSize(), true, true);
    }

    /** Returns the product of the gradients of the gates' sums with the recurrent weights. */
    PackedProduct backward() {
        return PackedProduct.of(shape.batch(), shape.outputSize(), 4 * shape.hiddenSize(), false, false);
    }

    /** Returns the product of the hidden vectors with the projection's transpose. */
    PackedProduct project() {
        return PackedProduct.of(shape.batch(), shape.outputSize(), shape.hiddenSize(), true, false);
    }

    /** Returns the product of the projected vectors' gradients with the projection. */
    PackedProduct projectBack() {
        return PackedProduct.of(shape.batch(), shape.hiddenSize(), shape.outputSize(), false, false);
    }

    // The weights.

    long inputWeights(int layer) {
        return layer == 0 ? 0 : (matrices(shape.inputSize()) + (layer - 1) * matrices(shape.outputSize())) * Memory.F;
    }

    long recurrentWeights(int layer) {
        return inputWeights(layer) + 4 * hidden() * shape.inputSize(layer) * Memory.F;
    }

    /** [P][H]; with a projection only. */
    long projection(int layer) {
        return recurrentWeights(layer) + 4 * hidden() * shape.outputSize() * Memory.F;
    }

    /** Returns the floats of a layer's matrices. */
    private long matrices(int inputSize) {
        return 4 * hidden() * (inputSize + shape.outputSize()) + (shape.projects() ? hidden() * shape.outputSize() : 0);
    }

    /** Eight vectors [H]: the four of W, then the four of R. */
    long biases(int layer) {
        return inputWeights(shape.layers()) + 8 * hidden() * layer * Memory.F;
    }

    // The tape, layer by layer.

    /** [T][N][4H]: the gates; after the backward pass, the gradients of the sums under their nonlinearities. */
    long gates(int layer) {
        return layer * layerBytes();
    }

    /** [T][N][H]. */
    long cells(int layer) {
        return gates(layer) + lines(4 * cellStates());
    }

    /** [T][N][H]: what is projected; with a projection only. */
    long hidden(int layer) {
        return cells(layer) + lines(cellStates());
    }

    /** [T][N][P]: the gradients of the outputs and states, written by the backward pass; with a projection only. */
    long projectedGradients(int layer) {
        return hidden(layer) + lines(cellStates());
    }

    /** [T][N][P]: of a layer below the top. */
    long outputs(int layer) {
        return shape.projects() ? projectedGradients(layer) + lines(states()) : hidden(layer);
    }

    /** [T][N][P]: the outputs of a layer below the top, after dropout. */
    long nextInputs(int layer) {
        return outputs(layer) + lines(states());
    }

    /** One bit for each of {@link #nextInputs}: whether it was kept. */
    long mask(int layer) {
        return nextInputs(layer) + lines(states());
    }

    long tapeBytes() {
        return outputs(shape.layers() - 1);
    }

    private long layerBytes() {
        long projection = shape.projects() ? lines(cellStates()) + lines(states()) : 0;
        return lines(4 * cellStates()) + lines(cellStates()) + projection + 2 * lines(states()) + DropoutMask.bytes(states());
    }

    // The scratch memory: what only one of the passes uses shares its place with what another does.

    /** The recurrent weights as one of the products wants them; forward, and backward. */
    long packedWeights() {
        return 0;
    }

    /** The projection as one of its products wants it; forward, and backward. */
    long packedProjection() {
        return lines(packedBytes / Memory.F);
    }

    /** [4H]: the sum of both biases; forward. */
    long bias() {
        return packedProjection() + lines(packedProjectionBytes / Memory.F);
    }

    /** [N][P]; backward. */
    long stateGradients() {
        return bias();
    }

    /** [N][H]; backward. */
    long cellGradients() {
        return stateGradients() + lines((long) shape.batch() * shape.outputSize());
    }

    /** [N][H]: of what is projected; backward, with a projection only. */
    long hiddenGradients() {
        return cellGradients() + lines(shape.batch() * hidden());
    }

    /** [T][N][P]: between two layers; backward. */
    long layerGradients() {
        return hiddenGradients() + (shape.projects() ? lines(shape.batch() * hidden()) : 0);
    }

    /** [T][N][P]: the state before each step; gradient of the weights. */
    long statesBefore() {
        return 0;
    }

    /** [T][N][input]: the inputs, cleared behind the sequences' ends; gradient of the weights, ragged batches only. */
    long inputs() {
        return lines(states());
    }

    long scratchBytes() {
        long backward = layerGradients() + (shape.layers() > 1 ? lines(states()) : 0);
        long gradient = inputs() + (shape.lengths() != null ? lines(shape.rows() * shape.inputSize()) : 0);
        return Math.max(bias() + lines(4 * hidden()), Math.max(backward, gradient));
    }

    private long hidden() {
        return shape.hiddenSize();
    }

    private long states() {
        return shape.rows() * shape.outputSize();
    }

    private long cellStates() {
        return shape.rows() * hidden();
    }

    /** Returns the bytes of so many floats, rounded up to cache lines. */
    static long lines(long floats) {
        return (floats * Memory.F + LINE - 1) / LINE * LINE;
    }
}
