package dev.gatun.host.compute;

import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * The element-wise part of one GRU layer at one time step, forward and backward, split among workers by sequence and by stretches
 * of hidden units. Loops run over L1-sized arrays, because the JIT compiler does not vectorise those over native memory.
 *
 * <p>The gates stand in the order r, z, n; {@link Gru} has the equations.
 */
final class GruCells {
    private static final int TILE = 512;

    /** The arrays of one worker. */
    private static final class Tiles {
        final float[] r = new float[TILE];
        final float[] z = new float[TILE];
        final float[] n = new float[TILE];
        final float[] q = new float[TILE];
        final float[] h = new float[TILE];
        final float[] before = new float[TILE];
        final float[] t = new float[TILE];
    }

    private static final ThreadLocal<Tiles> TILES = ThreadLocal.withInitial(Tiles::new);

    private final IntConsumer forwardTask = this::forwardTask;
    private final IntConsumer backwardTask = this::backwardTask;

    private int steps;
    private int hidden;
    private int stretches;
    private int[] lengths;
    private long biases;
    private int step;
    private long gates;
    private long products;
    private long stateBefore;
    private long outputs;
    private long outputGradients;
    private long stateGradients;
    private long lastStateGradients;

    /**
     * Sets what all steps of a pass over a layer share.
     *
     * @param biases [6H]: those of the input's products, then those of the state's
     */
    void pass(Lstm.Shape shape, long biases) {
        steps = shape.steps();
        hidden = shape.hiddenSize();
        stretches = (hidden + TILE - 1) / TILE;
        lengths = shape.lengths();
        this.biases = biases;
    }

    /**
     * Computes a step forward. Sequences that have ended get an output of zeros; their gates are left alone.
     *
     * @param gates [N][3H]: products of the input with the weights; becomes the gates
     * @param products [N][3H]: products of the state with the weights; the last third becomes q
     * @param stateBefore [N][H], or 0 for zeros
     * @param outputs [N][H], written
     */
    void forward(int step, int batch, long gates, long products, long stateBefore, long outputs) {
        this.step = step;
        this.gates = gates;
        this.products = products;
        this.stateBefore = stateBefore;
        this.outputs = outputs;
        WorkerPool.shared().parallel(batch * stretches, forwardTask);
    }

    /**
     * Computes a step backward. Sequences that have ended get gradients of zeros.
     *
     * @param gates [N][3H]: the gates; becomes the gradient with respect to the sums under their nonlinearities
     * @param products [N][3H]: q in the last third; becomes the gradient with respect to the products of the state
     * @param stateBefore [N][H], or 0 for zeros
     * @param outputGradients [N][H]: from the layer above
     * @param stateGradients [N][H]: from the step after this one; becomes the part of that for the step before that is not by way
     *     of the products
     * @param lastStateGradients [N][H], or 0 for zeros: takes the place of {@code stateGradients} at a sequence's last step
     */
    void backward(int step, int batch, long gates, long products, long stateBefore, long outputGradients, long stateGradients,
            long lastStateGradients) {
        this.step = step;
        this.gates = gates;
        this.products = products;
        this.stateBefore = stateBefore;
        this.outputGradients = outputGradients;
        this.stateGradients = stateGradients;
        this.lastStateGradients = lastStateGradients;
        WorkerPool.shared().parallel(batch * stretches, backwardTask);
    }

    private void forwardTask(int task) {
        int sequence = task / stretches;
        int first = task % stretches * TILE;
        int count = Math.min(TILE, hidden - first);
        long at = ((long) sequence * hidden + first) * Memory.F;
        if (lengths != null && step >= lengths[sequence]) {
            Memory.zeroFloats(outputs + at, count);
            return;
        }
        Tiles tiles = TILES.get();
        long row = hidden * Memory.F;
        long offset = 3 * sequence * row + first * Memory.F;
        long gate = gates + offset;
        long product = products + offset;
        long inputBias = biases + first * Memory.F;
        long stateBias = inputBias + 3 * row;
        float[] t = tiles.t;
        loadSum(gate, inputBias, tiles.r, t, count);
        addSum(product, stateBias, tiles.r, t, count);
        Activations.sigmoid(tiles.r, count);
        Memory.store(tiles.r, count, gate);
        loadSum(gate + row, inputBias + row, tiles.z, t, count);
        addSum(product + row, stateBias + row, tiles.z, t, count);
        Activations.sigmoid(tiles.z, count);
        Memory.store(tiles.z, count, gate + row);
        loadSum(product + 2 * row, stateBias + 2 * row, tiles.q, t, count);
        Memory.store(tiles.q, count, product + 2 * row);
        loadSum(gate + 2 * row, inputBias + 2 * row, tiles.n, t, count);
        addProduct(tiles.n, tiles.r, tiles.q, count);
        Activations.tanh(tiles.n, count);
        Memory.store(tiles.n, count, gate + 2 * row);
        loadOrZero(stateBefore, at, tiles.before, count);
        mix(tiles.n, tiles.z, tiles.before, count);
        Memory.store(tiles.n, count, outputs + at);
    }

    private void backwardTask(int task) {
        int sequence = task / stretches;
        int first = task % stretches * TILE;
        int count = Math.min(TILE, hidden - first);
        long at = ((long) sequence * hidden + first) * Memory.F;
        long row = hidden * Memory.F;
        long offset = 3 * sequence * row + first * Memory.F;
        long gate = gates + offset;
        long product = products + offset;
        int length = lengths == null ? steps : lengths[sequence];
        if (step >= length) {
            for (int k = 0; k < 3; k++) {
                Memory.zeroFloats(gate + k * row, count);
                Memory.zeroFloats(product + k * row, count);
            }
            Memory.zeroFloats(stateGradients + at, count);
            return;
        }
        Tiles tiles = TILES.get();
        float[] dh = tiles.h;
        Memory.load(outputGradients + at, dh, count);
        loadOrZero(step == length - 1 ? lastStateGradients : stateGradients, at, tiles.t, count);
        add(dh, tiles.t, count);
        Memory.load(gate, tiles.r, count);
        Memory.load(gate + row, tiles.z, count);
        Memory.load(gate + 2 * row, tiles.n, count);
        Memory.load(product + 2 * row, tiles.q, count);
        loadOrZero(stateBefore, at, tiles.before, count);
        updateGradients(dh, tiles.z, tiles.n, tiles.before, count);
        resetGradients(tiles.r, tiles.n, tiles.q, count);
        Memory.store(tiles.r, count, gate);
        Memory.store(tiles.r, count, product);
        Memory.store(tiles.z, count, gate + row);
        Memory.store(tiles.z, count, product + row);
        Memory.store(tiles.n, count, gate + 2 * row);
        Memory.store(tiles.q, count, product + 2 * row);
        Memory.store(dh, count, stateGradients + at);
    }

    private static void loadSum(long address, long bias, float[] to, float[] scratch, int count) {
        Memory.load(address, to, count);
        Memory.load(bias, scratch, count);
        add(to, scratch, count);
    }

    private static void addSum(long address, long bias, float[] to, float[] scratch, int count) {
        Memory.load(address, scratch, count);
        add(to, scratch, count);
        Memory.load(bias, scratch, count);
        add(to, scratch, count);
    }

    private static void loadOrZero(long base, long offset, float[] to, int count) {
        if (base == 0) {
            Arrays.fill(to, 0, count, 0);
        } else {
            Memory.load(base + offset, to, count);
        }
    }

    private static void add(float[] to, float[] from, int count) {
        for (int k = 0; k < count; k++) {
            to[k] += from[k];
        }
    }

    private static void addProduct(float[] to, float[] a, float[] b, int count) {
        for (int k = 0; k < count; k++) {
            to[k] += a[k] * b[k];
        }
    }

    /** n becomes (1 - z) n + z h'. */
    private static void mix(float[] n, float[] z, float[] before, int count) {
        for (int k = 0; k < count; k++) {
            n[k] = (1 - z[k]) * n[k] + z[k] * before[k];
        }
    }

    /** From dh and h': z and n become their gradients; dh becomes z dh. */
    private static void updateGradients(float[] dh, float[] z, float[] n, float[] before, int count) {
        for (int k = 0; k < count; k++) {
            float gradient = dh[k];
            float update = z[k];
            float candidate = n[k];
            dh[k] = gradient * update;
            z[k] = gradient * (before[k] - candidate) * update * (1 - update);
            n[k] = gradient * (1 - update) * (1 - candidate * candidate);
        }
    }

    /** From the gradient of n: r and q become their gradients. */
    private static void resetGradients(float[] r, float[] dn, float[] q, int count) {
        for (int k = 0; k < count; k++) {
            float reset = r[k];
            float gradient = dn[k];
            r[k] = gradient * q[k] * reset * (1 - reset);
            q[k] = gradient * reset;
        }
    }
}
