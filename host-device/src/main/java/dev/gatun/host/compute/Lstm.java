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
 * <p>Products with the input run over all steps at once, and so do those for the weights' gradients; only the product with
 * R is made step by step. Sequences that are shorter than the longest stay in the batch: they are computed along with the
 * others and have outputs and gradients of zero behind their end.
 */
public final class Lstm {
    private static final LstmCells CELLS = new LstmCells();
    private static final LstmBiases BIASES = new LstmBiases();
    private static final DropoutMask MASK = new DropoutMask();

    private Lstm() {}

    /**
     * The sizes of a call.
     *
     * @param steps time steps, T
     * @param batch sequences, N
     * @param inputSize floats of an input vector
     * @param hiddenSize floats of a state vector, H
     * @param layers stacked layers, L
     * @param lengths how many steps each sequence has, 0 to T; null if all have T
     */
    public record Shape(int steps, int batch, int inputSize, int hiddenSize, int layers, int[] lengths) {
        /** Checks the sizes. */
        public Shape {
            if (steps < 1 || batch < 1 || inputSize < 1 || hiddenSize < 1 || layers < 1) {
                throw new IllegalArgumentException("LSTM of " + steps + " steps, batch " + batch + ", input size " + inputSize
                        + ", hidden size " + hiddenSize + ", " + layers + " layers: all must be at least 1");
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

        int inputSize(int layer) {
            return layer == 0 ? inputSize : hiddenSize;
        }

        int length(int sequence) {
            return lengths == null ? steps : lengths[sequence];
        }

        long rows() {
            return (long) steps * batch;
        }
    }

    /**
     * Dropout of what one layer hands to the next, in training. The same seed and offset drop the same elements.
     *
     * @param probability of an element to be dropped, 0 to 1
     * @param seed of the generator
     * @param offset of the call in the generator's sequence
     */
    public record Dropout(float probability, long seed, long offset) {}

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
            return new LstmSpace(s);
        } finally {
            pool.unlock();
        }
    }

    /**
     * Runs the layers forward.
     *
     * @param training whether to keep in {@code reserve} what {@link #backwardData} needs; otherwise it is not touched
     * @param x [T][N][input]
     * @param y [T][N][H], written; zeros behind a sequence's end
     * @param hx [L][N][H], the first state, or 0 for zeros; likewise {@code cx}
     * @param hy [L][N][H], written: the state after each sequence's last step; or 0; likewise {@code cy}
     * @param dropout null for none; used in training only
     */
    public static void forward(Shape s, boolean training, long x, long y, long hx, long cx, long hy, long cy, long weights, long workspace,
            long reserve, Dropout dropout) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            LstmSpace space = new LstmSpace(s);
            long tape = training ? reserve : workspace + space.scratchBytes();
            for (int layer = 0; layer < s.layers(); layer++) {
                boolean top = layer == s.layers() - 1;
                long input = layer == 0 ? x : tape + space.nextInputs(layer - 1);
                long output = top ? y : tape + space.outputs(layer);
                forwardLayer(s, space, layer, input, output, hx, cx, hy, cy, weights, workspace, tape);
                if (!top) {
                    pass(s, layer, output, tape + space.nextInputs(layer), tape + space.mask(layer), training ? dropout : null);
                }
            }
        } finally {
            pool.unlock();
        }
    }

    private static void forwardLayer(Shape s, LstmSpace space, int layer, long input, long output, long hx, long cx, long hy, long cy,
            long weights, long workspace, long tape) {
        int n = s.batch();
        int h = s.hiddenSize();
        long stateBytes = (long) n * h * Memory.F;
        long gates = tape + space.gates(layer);
        long cells = tape + space.cells(layer);
        long bias = workspace + space.bias();
        long recurrent = weights + space.recurrentWeights(layer);
        BIASES.sum(weights + space.biases(layer), bias, 4 * h);
        Gemm.multiply(false, true, s.rows(), 4L * h, s.inputSize(layer), 1, input, s.inputSize(layer), weights + space.inputWeights(layer),
                s.inputSize(layer), 0, gates, 4L * h);
        long state = hx == 0 ? 0 : hx + layer * stateBytes;
        long cell = cx == 0 ? 0 : cx + layer * stateBytes;
        PackedProduct product = space.packs() ? space.forward() : null;
        if (product != null) {
            product.pack(recurrent, workspace + space.packedWeights());
        }
        CELLS.pass(s);
        for (int t = 0; t < s.steps(); t++) {
            long stepGates = gates + 4 * t * stateBytes;
            if (state != 0 && product != null) {
                product.multiply(state, stepGates);
            } else if (state != 0) {
                Gemm.multiply(false, true, n, 4L * h, h, 1, state, h, recurrent, h, 1, stepGates, 4L * h);
            }
            CELLS.forward(t, n, stepGates, bias, cell, cells + t * stateBytes, output + t * stateBytes);
            state = output + t * stateBytes;
            cell = cells + t * stateBytes;
        }
        lastStates(s, layer, output, hx, hy);
        lastStates(s, layer, cells, cx, cy);
    }

    /**
     * Runs the layers backward through time, after a forward pass in training over the same arguments. Changes the reserve
     * into what {@link #backwardWeights} needs.
     *
     * @param dy [T][N][H]; ignored behind a sequence's end
     * @param dx [T][N][input], written, zeros behind a sequence's end; or 0
     * @param dhy [L][N][H], the gradient with respect to the last state, or 0 for zeros; likewise {@code dcy}
     * @param dhx [L][N][H], written: the gradient with respect to the first state; or 0; likewise {@code dcx}
     * @param dropout the forward pass's
     */
    public static void backwardData(Shape s, long y, long dy, long dx, long hx, long cx, long dhy, long dcy, long dhx, long dcx,
            long weights, long workspace, long reserve, Dropout dropout) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            LstmSpace space = new LstmSpace(s);
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
                if (layer > 0 && drops(dropout)) {
                    MASK.reapply(dropout, s.rows() * h, between, reserve + space.mask(layer - 1));
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
        long stateBytes = (long) n * h * Memory.F;
        long gates = reserve + space.gates(layer);
        long cells = reserve + space.cells(layer);
        long stateGradients = workspace + space.stateGradients();
        long cellGradients = workspace + space.cellGradients();
        long lastState = dhy == 0 ? 0 : dhy + layer * stateBytes;
        long lastCell = dcy == 0 ? 0 : dcy + layer * stateBytes;
        long recurrent = weights + space.recurrentWeights(layer);
        PackedProduct product = space.packs() ? space.backward() : null;
        if (product != null) {
            product.pack(recurrent, workspace + space.packedWeights());
        }
        CELLS.pass(s);
        for (int t = s.steps() - 1; t >= 0; t--) {
            long stepGates = gates + 4 * t * stateBytes;
            long cellsBefore = t > 0 ? cells + (t - 1) * stateBytes : cx == 0 ? 0 : cx + layer * stateBytes;
            CELLS.backward(t, n, stepGates, cellsBefore, cells + t * stateBytes, outputGradients + t * stateBytes, stateGradients,
                    lastState, cellGradients, lastCell);
            if (t == 0 && dhx == 0) {
                break;
            }
            if (product != null) {
                product.multiply(stepGates, stateGradients);
            } else {
                Gemm.multiply(false, false, n, h, 4L * h, 1, stepGates, 4L * h, recurrent, h, 0, stateGradients, h);
            }
        }
        firstGradients(s, layer, stateGradients, dhy, dhx);
        firstGradients(s, layer, cellGradients, dcy, dcx);
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
            LstmSpace space = new LstmSpace(s);
            int h = s.hiddenSize();
            long stateBytes = (long) s.batch() * h * Memory.F;
            long statesBefore = workspace + space.statesBefore();
            for (int layer = 0; layer < s.layers(); layer++) {
                long gradients = reserve + space.gates(layer);
                long input = layer > 0 ? reserve + space.nextInputs(layer - 1) : cleared(s, s.inputSize(), x, workspace + space.inputs());
                int inputSize = s.inputSize(layer);
                Gemm.multiply(true, false, 4L * h, inputSize, s.rows(), 1, gradients, 4L * h, input, inputSize, 1,
                        dweights + space.inputWeights(layer), inputSize);
                if (hx == 0) {
                    Memory.zeroFloats(statesBefore, (long) s.batch() * h);
                } else {
                    copyRows(s, h, 1, hx + layer * stateBytes, statesBefore);
                }
                long outputs = layer == s.layers() - 1 ? y : reserve + space.outputs(layer);
                copyRows(s, h, s.steps() - 1, outputs, statesBefore + stateBytes);
                Gemm.multiply(true, false, 4L * h, h, s.rows(), 1, gradients, 4L * h, statesBefore, h, 1,
                        dweights + space.recurrentWeights(layer), h);
                BIASES.addColumnSums(gradients, s.rows(), 4 * h, dweights + space.biases(layer));
            }
        } finally {
            pool.unlock();
        }
    }

    private static boolean drops(Dropout dropout) {
        return dropout != null && dropout.probability() > 0;
    }

    /** Hands a layer's outputs to the next layer. */
    private static void pass(Shape s, int layer, long outputs, long nextInputs, long mask, Dropout dropout) {
        long count = s.rows() * s.hiddenSize();
        if (drops(dropout)) {
            MASK.apply(dropout, layer, count, outputs, nextInputs, mask);
        } else {
            Memory.copyFloats(outputs, nextInputs, count);
        }
    }

    /** Copies what stands at each sequence's last step, or stood there before the first one. */
    private static void lastStates(Shape s, int layer, long states, long first, long last) {
        if (last == 0) {
            return;
        }
        long rowBytes = s.hiddenSize() * Memory.F;
        for (int n = 0; n < s.batch(); n++) {
            long row = ((long) layer * s.batch() + n) * rowBytes;
            if (s.length(n) > 0) {
                Memory.copyFloats(states + ((s.length(n) - 1L) * s.batch() + n) * rowBytes, last + row, s.hiddenSize());
            } else if (first != 0) {
                Memory.copyFloats(first + row, last + row, s.hiddenSize());
            } else {
                Memory.zeroFloats(last + row, s.hiddenSize());
            }
        }
    }

    /** Copies what came out before the first step; for a sequence of no steps, what went in behind the last. */
    private static void firstGradients(Shape s, int layer, long gradients, long last, long first) {
        if (first == 0) {
            return;
        }
        long rowBytes = s.hiddenSize() * Memory.F;
        for (int n = 0; n < s.batch(); n++) {
            long row = ((long) layer * s.batch() + n) * rowBytes;
            if (s.length(n) > 0) {
                Memory.copyFloats(gradients + n * rowBytes, first + row, s.hiddenSize());
            } else if (last != 0) {
                Memory.copyFloats(last + row, first + row, s.hiddenSize());
            } else {
                Memory.zeroFloats(first + row, s.hiddenSize());
            }
        }
    }

    /** Returns inputs that are finite behind the sequences' ends, where the caller's may be anything. */
    private static long cleared(Shape s, int width, long inputs, long scratch) {
        if (s.lengths() == null) {
            return inputs;
        }
        copyRows(s, width, s.steps(), inputs, scratch);
        return scratch;
    }

    /** Copies [steps][N][width], with zeros behind the sequences' ends. */
    private static void copyRows(Shape s, int width, int steps, long from, long to) {
        if (s.lengths() == null) {
            Memory.copyFloats(from, to, (long) steps * s.batch() * width);
            return;
        }
        for (int t = 0; t < steps; t++) {
            for (int n = 0; n < s.batch(); n++) {
                long row = ((long) t * s.batch() + n) * width * Memory.F;
                if (t < s.length(n)) {
                    Memory.copyFloats(from + row, to + row, width);
                } else {
                    Memory.zeroFloats(to + row, width);
                }
            }
        }
    }
}
