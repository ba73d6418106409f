package dev.gatun.examples.doctor;

import java.util.List;

/**
 * A stack of LSTM layers and its gradients as the equations say, in double precision and plain loops.
 *
 * <p>T steps, N sequences, H hidden size; x is [T][N][input size], y [T][N][H], states are [layers][N][H]. A sequence may be
 * shorter than T; y is 0 behind its end. Gates stand in the order i, f, g, o.
 */
final class ReferenceLstm {
    /** A layer's weights, or their gradient: w [4H][width], r [4H][H], and biases bw and br [4H]. */
    record Layer(double[] w, double[] r, double[] bw, double[] br) {
        private Layer zeros() {
            return new Layer(new double[w.length], new double[r.length], new double[bw.length], new double[br.length]);
        }
    }

    private final int hidden;
    private final int steps;
    private final int[] lengths;
    private final List<Layer> layers;
    private final double[][] inputs; // a layer's [T][N][width]
    private final double[][] gates; // a layer's [T][N][4H]
    private final double[][] states; // a layer's [T+1][N][H], the first step's before it
    private final double[][] cells; // likewise

    double[] y;
    double[] hy;
    double[] cy;
    double[] dx;
    double[] dhx;
    double[] dcx;
    List<Layer> gradients;

    ReferenceLstm(int hidden, List<Layer> layers, int steps, int[] lengths) {
        this.hidden = hidden;
        this.layers = layers;
        this.steps = steps;
        this.lengths = lengths;
        inputs = new double[layers.size()][];
        gates = new double[layers.size()][steps * lengths.length * 4 * hidden];
        states = new double[layers.size()][(steps + 1) * lengths.length * hidden];
        cells = new double[layers.size()][(steps + 1) * lengths.length * hidden];
    }

    void forward(double[] x, double[] hx, double[] cx) {
        hy = new double[hx.length];
        cy = new double[cx.length];
        y = x;
        for (int layer = 0; layer < layers.size(); layer++) {
            inputs[layer] = y;
            y = forward(layer, hx, cx);
        }
    }

    private double[] forward(int layer, double[] hx, double[] cx) {
        int batch = lengths.length;
        double[] output = new double[steps * batch * hidden];
        for (int n = 0; n < batch; n++) {
            int state = (layer * batch + n) * hidden;
            System.arraycopy(hx, state, states[layer], n * hidden, hidden);
            System.arraycopy(cx, state, cells[layer], n * hidden, hidden);
            for (int t = 0; t < lengths[n]; t++) {
                cell(layer, t * batch + n, batch);
                System.arraycopy(states[layer], ((t + 1) * batch + n) * hidden, output, (t * batch + n) * hidden, hidden);
            }
            System.arraycopy(states[layer], (lengths[n] * batch + n) * hidden, hy, state, hidden);
            System.arraycopy(cells[layer], (lengths[n] * batch + n) * hidden, cy, state, hidden);
        }
        return output;
    }

    /** i, f, o = σ(W·x + bW + R·h + bR), g = tanh(likewise), c = f∘c + i∘g, h = o∘tanh(c), for one token. */
    private void cell(int layer, int token, int batch) {
        Layer weights = layers.get(layer);
        int width = weights.w.length / (4 * hidden);
        double[] gate = gates[layer];
        int first = token * 4 * hidden;
        for (int row = 0; row < 4 * hidden; row++) {
            double sum = weights.bw[row] + weights.br[row];
            for (int k = 0; k < width; k++) {
                sum += weights.w[row * width + k] * inputs[layer][token * width + k];
            }
            for (int k = 0; k < hidden; k++) {
                sum += weights.r[row * hidden + k] * states[layer][token * hidden + k];
            }
            gate[first + row] = row / hidden == 2 ? Math.tanh(sum) : 1 / (1 + Math.exp(-sum));
        }
        for (int j = 0; j < hidden; j++) {
            double cell = gate[first + hidden + j] * cells[layer][token * hidden + j] + gate[first + j] * gate[first + 2 * hidden + j];
            cells[layer][(token + batch) * hidden + j] = cell;
            states[layer][(token + batch) * hidden + j] = gate[first + 3 * hidden + j] * Math.tanh(cell);
        }
    }

    /** Takes the gradients of y, hy and cy; follows {@link #forward}. */
    void backward(double[] dy, double[] dhy, double[] dcy) {
        gradients = layers.stream().map(Layer::zeros).toList();
        dhx = dhy.clone();
        dcx = dcy.clone();
        dx = dy;
        for (int layer = layers.size() - 1; layer >= 0; layer--) {
            dx = backward(layer, dx);
        }
    }

    private double[] backward(int layer, double[] dOutput) {
        int batch = lengths.length;
        double[] dInput = new double[inputs[layer].length];
        for (int n = 0; n < batch; n++) {
            for (int t = lengths[n] - 1; t >= 0; t--) {
                cellBackward(layer, t * batch + n, (layer * batch + n) * hidden, dOutput, dInput);
            }
        }
        return dInput;
    }

    /** Takes dhx and dcx, from {@code state} on, back over one token. */
    private void cellBackward(int layer, int token, int state, double[] dOutput, double[] dInput) {
        double[] dSums = new double[4 * hidden];
        for (int j = 0; j < hidden; j++) {
            int first = token * 4 * hidden + j;
            double i = gates[layer][first];
            double f = gates[layer][first + hidden];
            double g = gates[layer][first + 2 * hidden];
            double o = gates[layer][first + 3 * hidden];
            double tanh = Math.tanh(cells[layer][(token + lengths.length) * hidden + j]);
            double dh = dhx[state + j] + dOutput[token * hidden + j];
            double dc = dcx[state + j] + dh * o * (1 - tanh * tanh);
            dSums[j] = dc * g * i * (1 - i);
            dSums[hidden + j] = dc * cells[layer][token * hidden + j] * f * (1 - f);
            dSums[2 * hidden + j] = dc * i * (1 - g * g);
            dSums[3 * hidden + j] = dh * tanh * o * (1 - o);
            dcx[state + j] = dc * f;
            dhx[state + j] = 0;
        }
        Layer weights = layers.get(layer);
        Layer gradient = gradients.get(layer);
        int width = weights.w.length / (4 * hidden);
        for (int row = 0; row < 4 * hidden; row++) {
            for (int k = 0; k < width; k++) {
                dInput[token * width + k] += dSums[row] * weights.w[row * width + k];
                gradient.w[row * width + k] += dSums[row] * inputs[layer][token * width + k];
            }
            for (int k = 0; k < hidden; k++) {
                dhx[state + k] += dSums[row] * weights.r[row * hidden + k];
                gradient.r[row * hidden + k] += dSums[row] * states[layer][token * hidden + k];
            }
            gradient.bw[row] += dSums[row];
            gradient.br[row] += dSums[row];
        }
    }
}
