package dev.gatun.host.compute;

/**
 * A unidirectional GRU in single precision with two bias vectors, forward and backward through time, as cuDNN and PyTorch define
 * it: the reset gate acts on the product of the state with its matrix, not on the state.
 *
 * <p>r = σ(Wr x + bWr + Rr h' + bRr), z likewise, q = Rn h' + bRn, n = tanh(Wn x + bWn + r∘q), h = (1 - z)∘n + z∘h'.
 *
 * <p>All arguments of type {@code long} are addresses of packed row-major floats. Weights lie as cuDNN 9 was seen to lay them
 * out: for each layer the matrices W of r, z, n, [H][input] each, and R of the same, [H][H] each; then for each layer the biases
 * of W and those of R, [H] each. Steps, sequences and memory are treated as in {@link Lstm}.
 */
public final class Gru {
    private static final GruCells CELLS = new GruCells();
    private static final LstmBiases BIASES = new LstmBiases();
    private static final DropoutMask MASK = new DropoutMask();

    private Gru() {}

    /** Returns the bytes of scratch memory that any of the calls needs. */
    public static long workspaceBytes(Lstm.Shape s, boolean training) {
        GruSpace space = space(s);
        return training ? space.scratchBytes() : space.scratchBytes() + space.tapeBytes();
    }

    /** Returns the bytes that a forward pass in training keeps for the backward passes. */
    public static long reserveBytes(Lstm.Shape s) {
        return space(s).tapeBytes();
    }

    private static GruSpace space(Lstm.Shape s) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            return GruSpace.of(s);
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
     * @param hx [L][N][H], the first state, or 0 for zeros
     * @param hy [L][N][H], written: the state after each sequence's last step; or 0
     * @param dropout null for none; used in training only
     */
    public static void forward(Lstm.Shape s, boolean training, long x, long y, long hx, long hy, long weights, long workspace,
            long reserve, Lstm.Dropout dropout) {
        forward(s, training, x, y, hx, hy, weights, workspace, reserve, dropout, null);
    }

    /** As the other {@code forward}, with the states and the inputs of upper layers rounded to a type; null for none. */
    static void forward(Lstm.Shape s, boolean training, long x, long y, long hx, long hy, long weights, long workspace, long reserve,
            Lstm.Dropout dropout, SixteenBit rounded) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            GruSpace space = GruSpace.of(s);
            long tape = training ? reserve : workspace + space.scratchBytes();
            for (int layer = 0; layer < s.layers(); layer++) {
                boolean top = layer == s.layers() - 1;
                long input = layer == 0 ? x : tape + space.nextInputs(layer - 1);
                long output = top ? y : tape + space.outputs(layer);
                forwardLayer(s, space, layer, input, output, hx, hy, weights, workspace, tape, rounded);
                if (!top) {
                    MASK.pass(training ? dropout : null, layer, s.rows() * s.hiddenSize(), output, tape + space.nextInputs(layer),
                            tape + space.mask(layer));
                    SixteenBit.round(rounded, tape + space.nextInputs(layer), s.rows() * s.hiddenSize());
                }
            }
        } finally {
            pool.unlock();
        }
    }

    private static void forwardLayer(Lstm.Shape s, GruSpace space, int layer, long input, long output, long hx, long hy, long weights,
            long workspace, long tape, SixteenBit rounded) {
        int n = s.batch();
        int h = s.hiddenSize();
        int inputSize = s.inputSize(layer);
        long stateBytes = (long) n * h * Memory.F;
        long gates = tape + space.gates(layer);
        long products = tape + space.products(layer);
        long recurrent = weights + space.recurrentWeights(layer);
        Gemm.multiply(false, true, s.rows(), 3L * h, inputSize, 1, input, inputSize, weights + space.inputWeights(layer), inputSize, 0,
                gates, 3L * h);
        PackedProduct product = space.packs() ? space.forward() : null;
        if (product != null) {
            product.pack(recurrent, workspace + space.packedWeights());
        }
        CELLS.pass(s, weights + space.biases(layer));
        long state = hx == 0 ? 0 : hx + layer * stateBytes;
        for (int t = 0; t < s.steps(); t++) {
            long stepProducts = products + 3 * t * stateBytes;
            if (state == 0) {
                Memory.zeroFloats(stepProducts, 3L * n * h);
            } else if (product != null) {
                product.multiply(state, stepProducts);
            } else {
                Gemm.multiply(false, true, n, 3L * h, h, 1, state, h, recurrent, h, 0, stepProducts, 3L * h);
            }
            CELLS.forward(t, n, gates + 3 * t * stateBytes, stepProducts, state, output + t * stateBytes);
            SixteenBit.round(rounded, output + t * stateBytes, (long) n * h);
            state = output + t * stateBytes;
        }
        Sequences.last(s, h, layer, output, hx, hy);
    }

    /**
     * Runs the layers backward through time, after a forward pass in training over the same arguments. Changes the reserve
     * into what {@link #backwardWeights} needs.
     *
     * @param dy [T][N][H]; ignored behind a sequence's end
     * @param dx [T][N][input], written, zeros behind a sequence's end; or 0
     * @param dhy [L][N][H], the gradient with respect to the last state, or 0 for zeros
     * @param dhx [L][N][H], written: the gradient with respect to the first state; or 0
     * @param dropout the forward pass's
     */
    public static void backwardData(Lstm.Shape s, long y, long dy, long dx, long hx, long dhy, long dhx, long weights, long workspace,
            long reserve, Lstm.Dropout dropout) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            GruSpace space = GruSpace.of(s);
            int h = s.hiddenSize();
            long between = workspace + space.layerGradients();
            for (int layer = s.layers() - 1; layer >= 0; layer--) {
                boolean top = layer == s.layers() - 1;
                long outputs = top ? y : reserve + space.outputs(layer);
                backwardLayer(s, space, layer, outputs, top ? dy : between, hx, dhy, dhx, weights, workspace, reserve);
                int inputSize = s.inputSize(layer);
                long inputGradients = layer == 0 ? dx : between;
                if (inputGradients != 0) {
                    Gemm.multiply(false, false, s.rows(), inputSize, 3L * h, 1, reserve + space.gates(layer), 3L * h,
                            weights + space.inputWeights(layer), inputSize, 0, inputGradients, inputSize);
                }
                if (layer > 0) {
                    MASK.passBack(dropout, s.rows() * h, between, reserve + space.mask(layer - 1));
                }
            }
        } finally {
            pool.unlock();
        }
    }

    private static void backwardLayer(Lstm.Shape s, GruSpace space, int layer, long outputs, long outputGradients, long hx, long dhy,
            long dhx, long weights, long workspace, long reserve) {
        int n = s.batch();
        int h = s.hiddenSize();
        long stateBytes = (long) n * h * Memory.F;
        long gates = reserve + space.gates(layer);
        long products = reserve + space.products(layer);
        long stateGradients = workspace + space.stateGradients();
        long lastState = dhy == 0 ? 0 : dhy + layer * stateBytes;
        long recurrent = weights + space.recurrentWeights(layer);
        PackedProduct product = space.packs() ? space.backward() : null;
        if (product != null) {
            product.pack(recurrent, workspace + space.packedWeights());
        }
        CELLS.pass(s, weights + space.biases(layer));
        for (int t = s.steps() - 1; t >= 0; t--) {
            long stepProducts = products + 3 * t * stateBytes;
            long stateBefore = t > 0 ? outputs + (t - 1) * stateBytes : hx == 0 ? 0 : hx + layer * stateBytes;
            CELLS.backward(t, n, gates + 3 * t * stateBytes, stepProducts, stateBefore, outputGradients + t * stateBytes, stateGradients,
                    lastState);
            if (t == 0 && dhx == 0) {
                break;
            }
            if (product != null) {
                product.multiply(stepProducts, stateGradients);
            } else {
                Gemm.multiply(false, false, n, h, 3L * h, 1, stepProducts, 3L * h, recurrent, h, 1, stateGradients, h);
            }
        }
        Sequences.first(s, h, layer, stateGradients, dhy, dhx);
    }

    /**
     * Adds the gradient with respect to all weights to {@code dweights}, which are laid out as the weights are; after
     * {@link #backwardData} over the same arguments.
     */
    public static void backwardWeights(Lstm.Shape s, long x, long hx, long y, long dweights, long workspace, long reserve) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            GruSpace space = GruSpace.of(s);
            int h = s.hiddenSize();
            long statesBefore = workspace + space.statesBefore();
            for (int layer = 0; layer < s.layers(); layer++) {
                long gradients = reserve + space.gates(layer);
                long productGradients = reserve + space.products(layer);
                long input = layer > 0 ? reserve + space.nextInputs(layer - 1)
                        : Sequences.cleared(s, s.inputSize(), x, workspace + space.inputs());
                int inputSize = s.inputSize(layer);
                Gemm.multiply(true, false, 3L * h, inputSize, s.rows(), 1, gradients, 3L * h, input, inputSize, 1,
                        dweights + space.inputWeights(layer), inputSize);
                long outputs = layer == s.layers() - 1 ? y : reserve + space.outputs(layer);
                Sequences.statesBefore(s, h, layer, hx, outputs, statesBefore);
                Gemm.multiply(true, false, 3L * h, h, s.rows(), 1, productGradients, 3L * h, statesBefore, h, 1,
                        dweights + space.recurrentWeights(layer), h);
                long biases = dweights + space.biases(layer);
                BIASES.addColumnSums(gradients, s.rows(), 3 * h, biases, 1);
                BIASES.addColumnSums(productGradients, s.rows(), 3 * h, biases + 3 * h * Memory.F, 1);
            }
        } finally {
            pool.unlock();
        }
    }
}
