package dev.gatun.host.compute;

import java.util.Arrays;

/**
 * A stacked recurrent network written down plainly, in double precision, one scalar at a time; dropout is none of its business.
 * What a step computes is the subclasses'.
 */
public abstract class ReferenceRnn {
    final Lstm.Shape shape;
    final double[] weights;
    final double[][][][] inputs;
    final double[][][][] gates;
    final double[][][][] cells;
    final double[][][][] states;

    public final double[] y;
    public final double[] hy;
    public final double[] cy;
    public final double[] dx;
    public final double[] dhx;
    public final double[] dcx;
    public final double[] dweights;

    private final int gateCount;

    ReferenceRnn(Lstm.Shape shape, int gateCount, double[] weights) {
        this.shape = shape;
        this.gateCount = gateCount;
        this.weights = weights;
        int t = shape.steps();
        int n = shape.batch();
        int h = shape.hiddenSize();
        int p = shape.outputSize();
        int l = shape.layers();
        inputs = new double[l][t][n][];
        gates = new double[l][t][n][4 * h];
        cells = new double[l][t + 1][n][h];
        states = new double[l][t + 1][n][p];
        y = new double[t * n * p];
        hy = new double[l * n * p];
        cy = new double[l * n * h];
        dx = new double[t * n * shape.inputSize()];
        dhx = new double[l * n * p];
        dcx = new double[l * n * h];
        dweights = new double[weights.length];
    }

    /** Runs forward, then backward; an empty array stands for zeros. */
    final void run(double[] x, double[] hx, double[] cx, double[] dy, double[] dhy, double[] dcy) {
        for (int sequence = 0; sequence < shape.batch(); sequence++) {
            forward(sequence, x, hx, cx);
            backward(sequence, dy, dhy, dcy);
        }
    }

    /** Computes the state, and the cell if there is one, behind step t of sequence n. */
    abstract void step(int layer, int t, int n);

    /** Returns dh of the step before; changes dc into that of the step before; adds to dinput and dweights. */
    abstract double[] stepBack(int layer, int t, int n, double[] dh, double[] dc, double[] dinput);

    final int width(int layer) {
        return layer == 0 ? shape.inputSize() : shape.outputSize();
    }

    /** Returns the index of a layer's first weight: the gates' W, their R, and the matrix of a projection follow each other. */
    final int matrices(int layer) {
        int offset = 0;
        for (int below = 0; below < layer; below++) {
            offset += gateCount * shape.hiddenSize() * (width(below) + shape.outputSize());
            offset += shape.projects() ? shape.outputSize() * shape.hiddenSize() : 0;
        }
        return offset;
    }

    final int recurrent(int layer) {
        return matrices(layer) + gateCount * shape.hiddenSize() * width(layer);
    }

    final int biases(int layer) {
        return matrices(shape.layers()) + layer * 2 * gateCount * shape.hiddenSize();
    }

    /** Returns W x + bW of one row of all gates. */
    final double fromInput(int layer, int t, int n, int row) {
        return weights[biases(layer) + row] + product(matrices(layer), row, inputs[layer][t][n]);
    }

    /** Returns R h' + bR of one row of all gates. */
    final double fromState(int layer, int t, int n, int row) {
        return weights[biases(layer) + gateCount * shape.hiddenSize() + row] + product(recurrent(layer), row, states[layer][t][n]);
    }

    /** Returns a row of the matrix [..][vector] at an index of the weights, times the vector. */
    final double product(int matrix, int row, double[] vector) {
        double sum = 0;
        for (int k = 0; k < vector.length; k++) {
            sum += weights[matrix + row * vector.length + k] * vector[k];
        }
        return sum;
    }

    /** Goes back through {@link #product}: adds to the gradients of the vector and of the matrix. */
    final void productBack(int matrix, int row, double[] vector, double gradient, double[] dvector) {
        for (int k = 0; k < vector.length; k++) {
            dvector[k] += gradient * weights[matrix + row * vector.length + k];
            dweights[matrix + row * vector.length + k] += gradient * vector[k];
        }
    }

    /** Goes back through {@link #fromInput}. */
    final void fromInputBack(int layer, int t, int n, int row, double gradient, double[] dinput) {
        dweights[biases(layer) + row] += gradient;
        productBack(matrices(layer), row, inputs[layer][t][n], gradient, dinput);
    }

    /** Goes back through {@link #fromState}. */
    final void fromStateBack(int layer, int t, int n, int row, double gradient, double[] dstate) {
        dweights[biases(layer) + gateCount * shape.hiddenSize() + row] += gradient;
        productBack(recurrent(layer), row, states[layer][t][n], gradient, dstate);
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static void fill(double[] to, double[] from, int first) {
        for (int j = 0; j < to.length; j++) {
            to[j] = from.length == 0 ? 0 : from[first + j];
        }
    }

    private void forward(int n, double[] x, double[] hx, double[] cx) {
        int h = shape.hiddenSize();
        int p = shape.outputSize();
        int length = shape.length(n);
        for (int layer = 0; layer < shape.layers(); layer++) {
            int row = layer * shape.batch() + n;
            fill(states[layer][0][n], hx, row * p);
            fill(cells[layer][0][n], cx, row * h);
            for (int t = 0; t < length; t++) {
                inputs[layer][t][n] = layer > 0 ? states[layer - 1][t + 1][n]
                        : Arrays.copyOfRange(x, (t * shape.batch() + n) * width(0), (t * shape.batch() + n + 1) * width(0));
                step(layer, t, n);
            }
            System.arraycopy(states[layer][length][n], 0, hy, row * p, p);
            System.arraycopy(cells[layer][length][n], 0, cy, row * h, h);
        }
        for (int t = 0; t < length; t++) {
            System.arraycopy(states[shape.layers() - 1][t + 1][n], 0, y, (t * shape.batch() + n) * p, p);
        }
    }

    private void backward(int n, double[] dy, double[] dhy, double[] dcy) {
        int h = shape.hiddenSize();
        int p = shape.outputSize();
        int length = shape.length(n);
        double[][] above = new double[length][p];
        for (int t = 0; t < length; t++) {
            fill(above[t], dy, (t * shape.batch() + n) * p);
        }
        for (int layer = shape.layers() - 1; layer >= 0; layer--) {
            int row = layer * shape.batch() + n;
            double[] dh = new double[p];
            double[] dc = new double[h];
            fill(dh, dhy, row * p);
            fill(dc, dcy, row * h);
            double[][] below = new double[length][width(layer)];
            for (int t = length - 1; t >= 0; t--) {
                for (int j = 0; j < p; j++) {
                    dh[j] += above[t][j];
                }
                dh = stepBack(layer, t, n, dh, dc, below[t]);
            }
            System.arraycopy(dh, 0, dhx, row * p, p);
            System.arraycopy(dc, 0, dcx, row * h, h);
            above = below;
        }
        for (int t = 0; t < length; t++) {
            System.arraycopy(above[t], 0, dx, (t * shape.batch() + n) * width(0), width(0));
        }
    }
}
