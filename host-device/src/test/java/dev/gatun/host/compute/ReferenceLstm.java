package dev.gatun.host.compute;

import java.util.Arrays;

/** A stacked LSTM written down plainly, in double precision, one scalar at a time; dropout is none of its business. */
public final class ReferenceLstm {
    private final Lstm.Shape shape;
    private final double[] weights;
    private final double[][][][] inputs;
    private final double[][][][] gates;
    private final double[][][][] cells;
    private final double[][][][] states;

    public final double[] y;
    public final double[] hy;
    public final double[] cy;
    public final double[] dx;
    public final double[] dhx;
    public final double[] dcx;
    public final double[] dweights;

    /** Runs forward, then backward; an empty array stands for zeros. */
    public ReferenceLstm(Lstm.Shape shape, double[] weights, double[] x, double[] hx, double[] cx, double[] dy, double[] dhy,
            double[] dcy) {
        this.shape = shape;
        this.weights = weights;
        int t = shape.steps();
        int n = shape.batch();
        int h = shape.hiddenSize();
        int l = shape.layers();
        inputs = new double[l][t][n][];
        gates = new double[l][t][n][4 * h];
        cells = new double[l][t + 1][n][h];
        states = new double[l][t + 1][n][h];
        y = new double[t * n * h];
        hy = new double[l * n * h];
        cy = new double[l * n * h];
        dx = new double[t * n * shape.inputSize()];
        dhx = new double[l * n * h];
        dcx = new double[l * n * h];
        dweights = new double[weights.length];
        for (int sequence = 0; sequence < n; sequence++) {
            forward(sequence, x, hx, cx);
            backward(sequence, dy, dhy, dcy);
        }
    }

    private int width(int layer) {
        return layer == 0 ? shape.inputSize() : shape.hiddenSize();
    }

    private int matrices(int layer) {
        int h = shape.hiddenSize();
        int offset = 0;
        for (int below = 0; below < layer; below++) {
            offset += 4 * h * (width(below) + h);
        }
        return offset;
    }

    private int biases(int layer) {
        return matrices(shape.layers()) + layer * 8 * shape.hiddenSize();
    }

    private static double at(double[] values, int index) {
        return values.length == 0 ? 0 : values[index];
    }

    private void forward(int n, double[] x, double[] hx, double[] cx) {
        int h = shape.hiddenSize();
        int length = shape.length(n);
        for (int layer = 0; layer < shape.layers(); layer++) {
            int first = (layer * shape.batch() + n) * h;
            for (int j = 0; j < h; j++) {
                states[layer][0][n][j] = at(hx, first + j);
                cells[layer][0][n][j] = at(cx, first + j);
            }
            for (int t = 0; t < length; t++) {
                inputs[layer][t][n] = layer > 0 ? states[layer - 1][t + 1][n]
                        : Arrays.copyOfRange(x, (t * shape.batch() + n) * width(0), (t * shape.batch() + n + 1) * width(0));
                step(layer, t, n);
            }
            for (int j = 0; j < h; j++) {
                hy[first + j] = states[layer][length][n][j];
                cy[first + j] = cells[layer][length][n][j];
            }
        }
        for (int t = 0; t < length; t++) {
            System.arraycopy(states[shape.layers() - 1][t + 1][n], 0, y, (t * shape.batch() + n) * h, h);
        }
    }

    private void step(int layer, int t, int n) {
        int h = shape.hiddenSize();
        int width = width(layer);
        double[] gate = gates[layer][t][n];
        for (int row = 0; row < 4 * h; row++) {
            double sum = weights[biases(layer) + row] + weights[biases(layer) + 4 * h + row];
            for (int k = 0; k < width; k++) {
                sum += weights[matrices(layer) + row * width + k] * inputs[layer][t][n][k];
            }
            for (int k = 0; k < h; k++) {
                sum += weights[matrices(layer) + 4 * h * width + row * h + k] * states[layer][t][n][k];
            }
            gate[row] = row / h == 2 ? Math.tanh(sum) : 1 / (1 + Math.exp(-sum));
        }
        for (int j = 0; j < h; j++) {
            double cell = gate[h + j] * cells[layer][t][n][j] + gate[j] * gate[2 * h + j];
            cells[layer][t + 1][n][j] = cell;
            states[layer][t + 1][n][j] = gate[3 * h + j] * Math.tanh(cell);
        }
    }

    private void backward(int n, double[] dy, double[] dhy, double[] dcy) {
        int h = shape.hiddenSize();
        int length = shape.length(n);
        double[][] above = new double[length][h];
        for (int t = 0; t < length; t++) {
            for (int j = 0; j < h; j++) {
                above[t][j] = dy[(t * shape.batch() + n) * h + j];
            }
        }
        for (int layer = shape.layers() - 1; layer >= 0; layer--) {
            int first = (layer * shape.batch() + n) * h;
            double[] dh = new double[h];
            double[] dc = new double[h];
            for (int j = 0; j < h; j++) {
                dh[j] = at(dhy, first + j);
                dc[j] = at(dcy, first + j);
            }
            double[][] below = new double[length][width(layer)];
            for (int t = length - 1; t >= 0; t--) {
                for (int j = 0; j < h; j++) {
                    dh[j] += above[t][j];
                }
                dh = stepBack(layer, t, n, dh, dc, below[t]);
            }
            System.arraycopy(dh, 0, dhx, first, h);
            System.arraycopy(dc, 0, dcx, first, h);
            above = below;
        }
        for (int t = 0; t < length; t++) {
            System.arraycopy(above[t], 0, dx, (t * shape.batch() + n) * width(0), width(0));
        }
    }

    /** Returns dh of the step before; changes dc into that of the step before. */
    private double[] stepBack(int layer, int t, int n, double[] dh, double[] dc, double[] dinput) {
        int h = shape.hiddenSize();
        int width = width(layer);
        double[] gate = gates[layer][t][n];
        double[] sums = new double[4 * h];
        for (int j = 0; j < h; j++) {
            double i = gate[j];
            double f = gate[h + j];
            double g = gate[2 * h + j];
            double o = gate[3 * h + j];
            double tanh = Math.tanh(cells[layer][t + 1][n][j]);
            dc[j] += dh[j] * o * (1 - tanh * tanh);
            sums[j] = dc[j] * g * i * (1 - i);
            sums[h + j] = dc[j] * cells[layer][t][n][j] * f * (1 - f);
            sums[2 * h + j] = dc[j] * i * (1 - g * g);
            sums[3 * h + j] = dh[j] * tanh * o * (1 - o);
            dc[j] *= f;
        }
        double[] before = new double[h];
        for (int row = 0; row < 4 * h; row++) {
            for (int k = 0; k < width; k++) {
                int index = matrices(layer) + row * width + k;
                dinput[k] += sums[row] * weights[index];
                dweights[index] += sums[row] * inputs[layer][t][n][k];
            }
            for (int k = 0; k < h; k++) {
                int index = matrices(layer) + 4 * h * width + row * h + k;
                before[k] += sums[row] * weights[index];
                dweights[index] += sums[row] * states[layer][t][n][k];
            }
            dweights[biases(layer) + row] += sums[row];
            dweights[biases(layer) + 4 * h + row] += sums[row];
        }
        return before;
    }
}
