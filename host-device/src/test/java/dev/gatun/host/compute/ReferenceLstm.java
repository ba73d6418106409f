package dev.gatun.host.compute;

/** A stacked LSTM, projected or not. */
public final class ReferenceLstm extends ReferenceRnn {
    /** Runs forward, then backward; an empty array stands for zeros. */
    public ReferenceLstm(Lstm.Shape shape, double[] weights, double[] x, double[] hx, double[] cx, double[] dy, double[] dhy,
            double[] dcy) {
        super(shape, 4, weights);
        run(x, hx, cx, dy, dhy, dcy);
    }

    private int projection(int layer) {
        return recurrent(layer) + 4 * shape.hiddenSize() * shape.outputSize();
    }

    private double[] hidden(int layer, int t, int n) {
        double[] hidden = new double[shape.hiddenSize()];
        for (int j = 0; j < hidden.length; j++) {
            hidden[j] = gates[layer][t][n][3 * hidden.length + j] * Math.tanh(cells[layer][t + 1][n][j]);
        }
        return hidden;
    }

    @Override
    void step(int layer, int t, int n) {
        int h = shape.hiddenSize();
        double[] gate = gates[layer][t][n];
        for (int row = 0; row < 4 * h; row++) {
            double sum = fromInput(layer, t, n, row) + fromState(layer, t, n, row);
            gate[row] = row / h == 2 ? Math.tanh(sum) : sigmoid(sum);
        }
        for (int j = 0; j < h; j++) {
            cells[layer][t + 1][n][j] = gate[h + j] * cells[layer][t][n][j] + gate[j] * gate[2 * h + j];
        }
        double[] hidden = hidden(layer, t, n);
        for (int j = 0; j < shape.outputSize(); j++) {
            states[layer][t + 1][n][j] = shape.projects() ? product(projection(layer), j, hidden) : hidden[j];
        }
    }

    @Override
    double[] stepBack(int layer, int t, int n, double[] dh, double[] dc, double[] dinput) {
        int h = shape.hiddenSize();
        double[] gate = gates[layer][t][n];
        double[] dhidden = dh;
        if (shape.projects()) {
            dhidden = new double[h];
            for (int j = 0; j < dh.length; j++) {
                productBack(projection(layer), j, hidden(layer, t, n), dh[j], dhidden);
            }
        }
        double[] sums = new double[4 * h];
        for (int j = 0; j < h; j++) {
            double i = gate[j];
            double f = gate[h + j];
            double g = gate[2 * h + j];
            double o = gate[3 * h + j];
            double tanh = Math.tanh(cells[layer][t + 1][n][j]);
            dc[j] += dhidden[j] * o * (1 - tanh * tanh);
            sums[j] = dc[j] * g * i * (1 - i);
            sums[h + j] = dc[j] * cells[layer][t][n][j] * f * (1 - f);
            sums[2 * h + j] = dc[j] * i * (1 - g * g);
            sums[3 * h + j] = dhidden[j] * tanh * o * (1 - o);
            dc[j] *= f;
        }
        double[] before = new double[shape.outputSize()];
        for (int row = 0; row < 4 * h; row++) {
            fromInputBack(layer, t, n, row, sums[row], dinput);
            fromStateBack(layer, t, n, row, sums[row], before);
        }
        return before;
    }
}
