package dev.gatun.host.compute;

import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * The element-wise part of one LSTM layer at one time step, forward and backward, split among workers by sequence and by
 * stretches of hidden units. Loops run over L1-sized arrays, because the JIT compiler does not vectorise those over native
 * memory.
 *
 * <p>The gates stand in the order i, f, g, o:
 * c = f c' + i g and h = o tanh(c), with i, f, o logistic and g tanh of the sums of products and biases.
 */
final class LstmCells {
    private static final int TILE = 512;

    /** The arrays of one worker. */
    private static final class Tiles {
        final float[] i = new float[TILE];
        final float[] f = new float[TILE];
        final float[] g = new float[TILE];
        final float[] o = new float[TILE];
        final float[] c = new float[TILE];
        final float[] h = new float[TILE];
        final float[] t = new float[TILE];
    }

    private static final ThreadLocal<Tiles> TILES = ThreadLocal.withInitial(Tiles::new);

    private final IntConsumer forwardTask = this::forwardTask;
    private final IntConsumer backwardTask = this::backwardTask;

    private int steps;
    private int hidden;
    private int stretches;
    private int step;
    private int[] lengths;
    private long gates;
    private long bias;
    private long cellsBefore;
    private long cells;
    private long outputs;
    private long outputGradients;
    private long stateGradients;
    private long lastStateGradients;
    private long cellGradients;
    private long lastCellGradients;

    /** Sets what all steps of a pass over a layer share. */
    void pass(Lstm.Shape shape) {
        steps = shape.steps();
        hidden = shape.hiddenSize();
        stretches = (hidden + TILE - 1) / TILE;
        lengths = shape.lengths();
    }

    /**
     * Computes a step forward. Sequences that have ended get an output of zeros; their cells are left alone.
     *
     * @param gates [N][4H]: products of input and state with the weights; becomes the gates
     * @param bias [4H]: the sum of both biases
     * @param cellsBefore [N][H], or 0 for zeros
     * @param cells [N][H], written
     * @param outputs [N][H], written
     */
    void forward(int step, int batch, long gates, long bias, long cellsBefore, long cells, long outputs) {
        this.step = step;
        this.gates = gates;
        this.bias = bias;
        this.cellsBefore = cellsBefore;
        this.cells = cells;
        this.outputs = outputs;
        WorkerPool.shared().parallel(batch * stretches, forwardTask);
    }

    /**
     * Computes a step backward. Sequences that have ended get gradients of zeros.
     *
     * @param gates [N][4H]: the gates; becomes the gradient with respect to the sums under their nonlinearities
     * @param cellsBefore [N][H], or 0 for zeros
     * @param cells [N][H]
     * @param outputGradients [N][H]: from the layer above
     * @param stateGradients [N][H], or 0 for zeros: from the step after this one
     * @param lastStateGradients [N][H], or 0 for zeros: takes the place of {@code stateGradients} at a sequence's last step
     * @param cellGradients [N][H]: from the step after this one; becomes that for the step before
     * @param lastCellGradients [N][H], or 0 for zeros: takes the place of {@code cellGradients} at a sequence's last step
     */
    void backward(int step, int batch, long gates, long cellsBefore, long cells, long outputGradients, long stateGradients,
            long lastStateGradients, long cellGradients, long lastCellGradients) {
        this.step = step;
        this.gates = gates;
        this.cellsBefore = cellsBefore;
        this.cells = cells;
        this.outputGradients = outputGradients;
        this.stateGradients = stateGradients;
        this.lastStateGradients = lastStateGradients;
        this.cellGradients = cellGradients;
        this.lastCellGradients = lastCellGradients;
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
        long gate = gates + 4 * sequence * row + first * Memory.F;
        long gateBias = bias + first * Memory.F;
        float[] t = tiles.t;
        loadSum(gate, gateBias, tiles.i, t, count);
        loadSum(gate + row, gateBias + row, tiles.f, t, count);
        loadSum(gate + 2 * row, gateBias + 2 * row, tiles.g, t, count);
        loadSum(gate + 3 * row, gateBias + 3 * row, tiles.o, t, count);
        Activations.sigmoid(tiles.i, count);
        Activations.sigmoid(tiles.f, count);
        Activations.tanh(tiles.g, count);
        Activations.sigmoid(tiles.o, count);
        loadOrZero(cellsBefore, at, tiles.c, count);
        newCells(tiles.i, tiles.f, tiles.g, tiles.c, t, count);
        Memory.store(tiles.i, count, gate);
        Memory.store(tiles.f, count, gate + row);
        Memory.store(tiles.g, count, gate + 2 * row);
        Memory.store(tiles.o, count, gate + 3 * row);
        Memory.store(tiles.c, count, cells + at);
        Activations.tanh(t, count);
        multiply(t, tiles.o, count);
        Memory.store(t, count, outputs + at);
    }

    private void backwardTask(int task) {
        int sequence = task / stretches;
        int first = task % stretches * TILE;
        int count = Math.min(TILE, hidden - first);
        long at = ((long) sequence * hidden + first) * Memory.F;
        long row = hidden * Memory.F;
        long gate = gates + 4 * sequence * row + first * Memory.F;
        if (lengths != null && step >= lengths[sequence]) {
            for (int k = 0; k < 4; k++) {
                Memory.zeroFloats(gate + k * row, count);
            }
            return;
        }
        Tiles tiles = TILES.get();
        boolean last = step == (lengths == null ? steps : lengths[sequence]) - 1;
        float[] dh = tiles.h;
        float[] t = tiles.t;
        Memory.load(outputGradients + at, dh, count);
        loadOrZero(last ? lastStateGradients : stateGradients, at, t, count);
        add(dh, t, count);
        Memory.load(gate, tiles.i, count);
        Memory.load(gate + row, tiles.f, count);
        Memory.load(gate + 2 * row, tiles.g, count);
        Memory.load(gate + 3 * row, tiles.o, count);
        Memory.load(cells + at, t, count);
        Activations.tanh(t, count);
        loadOrZero(last ? lastCellGradients : cellGradients, at, tiles.c, count);
        outputGateGradients(tiles.o, dh, t, tiles.c, count);
        Memory.store(tiles.o, count, gate + 3 * row);
        loadOrZero(cellsBefore, at, t, count);
        cellGateGradients(tiles.i, tiles.f, tiles.g, tiles.c, t, count);
        Memory.store(tiles.i, count, gate);
        Memory.store(tiles.f, count, gate + row);
        Memory.store(tiles.g, count, gate + 2 * row);
        Memory.store(tiles.c, count, cellGradients + at);
    }

    private static void loadSum(long address, long bias, float[] to, float[] scratch, int count) {
        Memory.load(address, to, count);
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

    private static void multiply(float[] to, float[] by, int count) {
        for (int k = 0; k < count; k++) {
            to[k] *= by[k];
        }
    }

    /** c becomes f c + i g; so does {@code copy}. */
    private static void newCells(float[] i, float[] f, float[] g, float[] c, float[] copy, int count) {
        for (int k = 0; k < count; k++) {
            float cell = f[k] * c[k] + i[k] * g[k];
            c[k] = cell;
            copy[k] = cell;
        }
    }

    /** From dh and tanh(c): dc += dh o (1 - tanh²(c)); o becomes its gradient, dh tanh(c) o (1 - o). */
    private static void outputGateGradients(float[] o, float[] dh, float[] tanh, float[] dc, int count) {
        for (int k = 0; k < count; k++) {
            float gate = o[k];
            dc[k] += dh[k] * gate * (1 - tanh[k] * tanh[k]);
            o[k] = dh[k] * tanh[k] * gate * (1 - gate);
        }
    }

    /** From dc and c': i, f and g become their gradients, dc that of c'. */
    private static void cellGateGradients(float[] i, float[] f, float[] g, float[] dc, float[] before, int count) {
        for (int k = 0; k < count; k++) {
            float input = i[k];
            float forget = f[k];
            float candidate = g[k];
            float gradient = dc[k];
            i[k] = gradient * candidate * input * (1 - input);
            f[k] = gradient * before[k] * forget * (1 - forget);
            g[k] = gradient * input * (1 - candidate * candidate);
            dc[k] = gradient * forget;
        }
    }
}
