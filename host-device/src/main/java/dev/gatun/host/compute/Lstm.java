package dev.gatun.host.compute;

import java.util.Arrays;

/**
 * A unidirectional LSTM in single precision with two bias vectors, forward and backward through time.
 *
 * <p>All arguments of type {@code long} are addresses of packed row-major floats. Weights lie as cuDNN 9 was seen to lay
 * them out: for each layer the matrices W of the gates i, f, g, o, [H][input] each, and R of the same gates, [H][H] each;
 * then for each layer the biases of W and those of R, [H] each. Hence a layer's four W are one matrix [4H][input], and
 * its four R one [4H][H].
 *
 * <p>With a projection (Sak, Senior and Beaufays, "Long short-term memory recurrent neural network architectures for large scale
 * acoustic modeling", 2014) the state and output of a layer is r = V h of P &lt; H values: R is [4H][P], an upper layer's input P
 * wide, and V [P][H] lies behind the layer's R. Without one, P below is H.
 *
 * <p>Products with the input run over all steps at once, and so do those for the weights' gradients; only the product with
 * R is made step by step. Sequences that are shorter than the longest stay in the batch: they are computed along with the
 * others and have outputs and gradients of zero behind their end.
 */
public final class Lstm {
    private static final LstmCells CELLS = new LstmCells();
    private static final LstmBiases BIASES = new LstmBiases();
    private static final LstmProjection PROJECTION = new LstmProjection();
    private static final DropoutMask MASK = new DropoutMask();

    private Lstm() {}

    /**
     * The sizes of a call, of a GRU's too.
     *
     * @param steps time steps, T
     * @param batch sequences, N
     * @param inputSize floats of an input vector
     * @param hiddenSize floats of a cell vector, H
     * @param outputSize floats of a state vector: P of a projected LSTM, else H
     * @param layers stacked layers, L
     * @param lengths how many steps each sequence has, 0 to T; null if all have T
     */
    public record Shape(int steps, int batch, int inputSize, int hiddenSize, int outputSize, int layers, int[] lengths) {
        /** Checks the sizes. */
        public Shape {
            if (steps < 1 || batch < 1 || inputSize < 1 || hiddenSize < 1 || outputSize < 1 || layers < 1) {
                throw new IllegalArgumentException("a network of " + steps + " steps, batch " + batch + ", input size " + inputSize
                        + ", hidden size " + hiddenSize + ", output size " + outputSize + ", " + layers
                        + " layers: all must be at least 1");
            }
            if (outputSize > hiddenSize) {
                throw new IllegalArgumentException("a projection of " + hiddenSize + " values to " + outputSize + ": expected fewer");
            }
            if (lengths != null && lengths.length != batch) {
                throw new IllegalArgumentException(lengths.length + " sequence lengths for a batch of " + batch);
            }
            if (lengths != null) {
                for (int length : lengths) {
                    if (length < 0 || length > steps) {
                        throw new IllegalArgumentException("sequence lengths " + Arrays.toString(lengths) + ": expected 0 to " + steps);
                    }
                }
            }
        }

        /** Makes the sizes of a network without a projection. */
        public Shape(int steps, int batch, int inputSize, int hiddenSize, int layers, int[] lengths) {
            this(steps, batch, inputSize, hiddenSize, hiddenSize, layers, lengths);
        }

        int inputSize(int layer) {
            return layer == 0 ? inputSize : outputSize;
        }

        boolean projects() {
            return outputSize < hiddenSize;
        }

        int length(int sequence) {
            return lengths == null ? steps : lengths[sequence];
        }

        long rows() {
            return (long) steps * batch;
        }
    }

    /**
     * Dropout of what one layer hands to the next, in training. The same seed and offset drop the same elements. It can be set
     * again for each call.
     */
    public static final class Dropout {
        private float probability;
        private long seed;
        private long offset;

        /** Makes dropout of nothing, until it is {@link #set}. */
        public Dropout() {}

        Dropout(float probability, long seed, long offset) {
            set(probability, seed, offset);
        }

        /**
         * Sets it for the calls to come, and returns it.
         *
         * @param probability of an element to be dropped, 0 to 1
         * @param seed of the generator
         * @param offset of the call in the generator's sequence
         */
        public Dropout set(float probability, long seed, long offset) {
            this.probability = probability;
            this.seed = seed;
            this.offset = offset;
            return this;
        }

        float probability() {
            return probability;
        }

        long seed() {
            return seed;
        }

        long offset() {
            return offset;
        }
    }

    /** Returns the bytes of scratch memory that any of the calls needs. */
    public static long workspaceBytes(Shape s, boolean training) {
        LstmSpace space = space(s);
        return training ? space.scratchBytes() : space.scratchBytes() + space.tapeBytes();
    }

    /** Returns the bytes that a forward pass in training keeps for the backward passes. */
    public static long reserveBytes(Shape s) {
        return space(s).tapeBytes();
    }

    private static LstmSpace space(Shape s) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            return LstmSpace.of(s);
        } finally {
            pool.unlock();
        }
    }

    /**
     * Runs the layers forward.
     *
     * @param training whether to keep in {@code reserve} what {@link #backwardData} needs; otherwise it is not touched
     * @param x [T][N][input]
     * @param y [T][N][P], written; zeros behind a sequence's end
     * @param hx [L][N][P], the first state, or 0 for zeros; likewise {@code cx} [L][N][H]
     * @param hy [L][N][P], written: the state after each sequence's last step; or 0; likewise {@code cy} [L][N][H]
     * @param dropout null for none; used in training only
     */
    public static void forward(Shape s, boolean training, long x, long y, long hx, long cx, long hy, long cy, long weights, long workspace,
            long reserve, Dropout dropout) {
        forward(s, training, x, y, hx, cx, hy, cy, weights, workspace, reserve, dropout, null);
    }

    /** As the other {@code forward}, with the hidden states and the inputs of upper layers rounded to a type; null for none. */
    static void forward(Shape s, boolean training, long x, long y, long hx, long cx, long hy, long cy, long weights, long workspace,
            long reserve, Dropout dropout, SixteenBit rounded) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            LstmSpace space = LstmSpace.of(s);
            long tape = training ? reserve : workspace + space.scratchBytes();
            for (int layer = 0; layer < s.layers(); layer++) {
                boolean top = layer == s.layers() - 1;
                long input = layer == 0 ? x : tape + space.nextInputs(layer - 1);
                long output = top ? y : tape + space.outputs(layer);
                forwardLayer(s, space, layer, input, output, hx, cx, hy, cy, weights, workspace, tape, rounded);
                if (!top) {
                    MASK.pass(training ? dropout : null, layer, s.rows() * s.outputSize(), output, tape + space.nextInputs(layer),
                            tape + space.mask(layer));
                    SixteenBit.round(rounded, tape + space.nextInputs(layer), s.rows() * s.outputSize());
                }
            }
        } finally {
            pool.unlock();
        }
    }

    private static void forwardLayer(Shape s, LstmSpace space, int layer, long input, long output, long hx, long cx, long hy, long cy,
            long weights, long workspace, long tape, SixteenBit rounded) {
        int n = s.batch();
        int h = s.hiddenSize();
        int p = s.outputSize();
        long stateBytes = (long) n * p * Memory.F;
        long cellBytes = (long) n * h * Memory.F;
        long gates = tape + space.gates(layer);
        long cells = tape + space.cells(layer);
        long hidden = s.projects() ? tape + space.hidden(layer) : output;
        long bias = workspace + space.bias();
        long recurrent = weights + space.recurrentWeights(layer);
        BIASES.sum(weights + space.biases(layer), bias, 4 * h);
        Gemm.multiply(false, true, s.rows(), 4L * h, s.inputSize(layer), 1, input, s.inputSize(layer), weights + space.inputWeights(layer),
                s.inputSize(layer), 0, gates, 4L * h);
        long state = hx == 0 ? 0 : hx + layer * stateBytes;
        long cell = cx == 0 ? 0 : cx + layer * cellBytes;
        PackedProduct product = space.packs() ? space.forward() : null;
        if (product != null) {
            product.pack(recurrent, workspace + space.packedWeights());
        }
        if (s.projects()) {
            PROJECTION.beginForward(s, space, weights + space.projection(layer), workspace);
        }
        CELLS.pass(s);
        for (int t = 0; t < s.steps(); t++) {
            long stepGates = gates + 4 * t * cellBytes;
            if (state != 0 && product != null) {
                product.multiply(state, stepGates);
            } else if (state != 0) {
                Gemm.multiply(false, true, n, 4L * h, p, 1, state, p, recurrent, p, 1, stepGates, 4L * h);
            }
            CELLS.forward(t, n, stepGates, bias, cell, cells + t * cellBytes, hidden + t * cellBytes);
            SixteenBit.round(rounded, hidden + t * cellBytes, (long) n * h);
            if (s.projects()) {
                PROJECTION.forward(hidden + t * cellBytes, output + t * stateBytes);
                SixteenBit.round(rounded, output + t * stateBytes, (long) n * p);
            }
            state = output + t * stateBytes;
            cell = cells + t * cellBytes;
        }
        Sequences.last(s, p, layer, output, hx, hy);
        Sequences.last(s, h, layer, cells, cx, cy);
    }

    /**
     * Runs the layers backward through time, after a forward pass in training over the same arguments. Changes the reserve
     * into what {@link #backwardWeights} needs.
     *
     * @param dy [T][N][P]; ignored behind a sequence's end
     * @param dx [T][N][input], written, zeros behind a sequence's end; or 0
     * @param dhy [L][N][P], the gradient with respect to the last state, or 0 for zeros; likewise {@code dcy} [L][N][H]
     * @param dhx [L][N][P], written: the gradient with respect to the first state; or 0; likewise {@code dcx} [L][N][H]
     * @param dropout the forward pass's
     */
    public static void backwardData(Shape s, long y, long dy, long dx, long hx, long cx, long dhy, long dcy, long dhx, long dcx,
            long weights, long workspace, long reserve, Dropout dropout) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            LstmSpace space = LstmSpace.of(s);
            int h = s.hiddenSize();
            long between = workspace + space.layerGradients();
            for (int layer = s.layers() - 1; layer >= 0; layer--) {
                boolean top = layer == s.layers() - 1;
                backwardLayer(s, space, layer, top ? dy : between, cx, dhy, dcy, dhx, dcx, weights, workspace, reserve);
                int inputSize = s.inputSize(layer);
                long inputGradients = layer == 0 ? dx : between;
                if (inputGradients != 0) {
                    Gemm.multiply(false, false, s.rows(), inputSize, 4L * h, 1, reserve + space.gates(layer), 4L * h,
                            weights + space.inputWeights(layer), inputSize, 0, inputGradients, inputSize);
                }
                if (layer > 0) {
                    MASK.passBack(dropout, s.rows() * inputSize, between, reserve + space.mask(layer - 1));
                }
            }
        } finally {
            pool.unlock();
        }
    }

    private static void backwardLayer(Shape s, LstmSpace space, int layer, long outputGradients, long cx, long dhy, long dcy, long dhx,
            long dcx, long weights, long workspace, long reserve) {
        int n = s.batch();
        int h = s.hiddenSize();
        int p = s.outputSize();
        long stateBytes = (long) n * p * Memory.F;
        long cellBytes = (long) n * h * Memory.F;
        long gates = reserve + space.gates(layer);
        long cells = reserve + space.cells(layer);
        long stateGradients = workspace + space.stateGradients();
        long cellGradients = workspace + space.cellGradients();
        long lastState = dhy == 0 ? 0 : dhy + layer * stateBytes;
        long lastCell = dcy == 0 ? 0 : dcy + layer * cellBytes;
        long recurrent = weights + space.recurrentWeights(layer);
        PackedProduct product = space.packs() ? space.backward() : null;
        if (product != null) {
            product.pack(recurrent, workspace + space.packedWeights());
        }
        if (s.projects()) {
            PROJECTION.beginBackward(s, space, weights + space.projection(layer), workspace);
        }
        CELLS.pass(s);
        for (int t = s.steps() - 1; t >= 0; t--) {
            long stepGates = gates + 4 * t * cellBytes;
            long cellsBefore = t > 0 ? cells + (t - 1) * cellBytes : cx == 0 ? 0 : cx + layer * cellBytes;
            if (s.projects()) {
                long projected = reserve + space.projectedGradients(layer) + t * stateBytes;
                long hiddenGradients = PROJECTION.backward(t, outputGradients + t * stateBytes, stateGradients, lastState, projected);
                CELLS.backward(t, n, stepGates, cellsBefore, cells + t * cellBytes, hiddenGradients, 0, 0, cellGradients, lastCell);
            } else {
                CELLS.backward(t, n, stepGates, cellsBefore, cells + t * cellBytes, outputGradients + t * stateBytes, stateGradients,
                        lastState, cellGradients, lastCell);
            }
            if (t == 0 && dhx == 0) {
                break;
            }
            if (product != null) {
                product.multiply(stepGates, stateGradients);
            } else {
                Gemm.multiply(false, false, n, p, 4L * h, 1, stepGates, 4L * h, recurrent, p, 0, stateGradients, p);
            }
        }
        Sequences.first(s, p, layer, stateGradients, dhy, dhx);
        Sequences.first(s, h, layer, cellGradients, dcy, dcx);
    }

    /**
     * Adds the gradient with respect to all weights to {@code dweights}; after {@link #backwardData} over the same arguments.
     *
     * @param dweights laid out as the weights are; both biases of a gate get the same gradient
     */
    public static void backwardWeights(Shape s, long x, long hx, long y, long dweights, long workspace, long reserve) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            LstmSpace space = LstmSpace.of(s);
            int h = s.hiddenSize();
            int p = s.outputSize();
            long statesBefore = workspace + space.statesBefore();
            for (int layer = 0; layer < s.layers(); layer++) {
                long gradients = reserve + space.gates(layer);
                long input = layer > 0 ? reserve + space.nextInputs(layer - 1)
                        : Sequences.cleared(s, s.inputSize(), x, workspace + space.inputs());
                int inputSize = s.inputSize(layer);
                Gemm.multiply(true, false, 4L * h, inputSize, s.rows(), 1, gradients, 4L * h, input, inputSize, 1,
                        dweights + space.inputWeights(layer), inputSize);
                long outputs = layer == s.layers() - 1 ? y : reserve + space.outputs(layer);
                Sequences.statesBefore(s, p, layer, hx, outputs, statesBefore);
                Gemm.multiply(true, false, 4L * h, p, s.rows(), 1, gradients, 4L * h, statesBefore, p, 1,
                        dweights + space.recurrentWeights(layer), p);
                if (s.projects()) {
                    Gemm.multiply(true, false, p, h, s.rows(), 1, reserve + space.projectedGradients(layer), p,
                            reserve + space.hidden(layer), h, 1, dweights + space.projection(layer), h);
                }
                BIASES.addColumnSums(gradients, s.rows(), 4 * h, dweights + space.biases(layer), 2);
            }
        } finally {
            pool.unlock();
        }
    }
}
