package dev.gatun.host.compute;

/** A stacked GRU, its reset gate on the product of the state; it has no cell. */
public final class ReferenceGru extends ReferenceRnn {
    /** Runs forward, then backward; an empty array stands for zeros. */
    public ReferenceGru(Lstm.Shape shape, double[] weights, double[] x, double[] hx, double[] dy, double[] dhy) {
        super(shape, 3, weights);
        run(x, hx, new double[0], dy, dhy, new double[0]);
    }

    @Override
    void step(int layer, int t, int n) {
        int h = shape.hiddenSize();
        double[] gate = gates[layer][t][n];
        for (int j = 0; j < h; j++) {
            double r = sigmoid(fromInput(layer, t, n, j) + fromState(layer, t, n, j));
            double z = sigmoid(fromInput(layer, t, n, h + j) + fromState(layer, t, n, h + j));
            double q = fromState(layer, t, n, 2 * h + j);
            double candidate = Math.tanh(fromInput(layer, t, n, 2 * h + j) + r * q);
            states[layer][t + 1][n][j] = (1 - z) * candidate + z * states[layer][t][n][j];
            gate[j] = r;
            gate[h + j] = z;
            gate[2 * h + j] = candidate;
            gate[3 * h + j] = q;
        }
    }

    @Override
    double[] stepBack(int layer, int t, int n, double[] dh, double[] dc, double[] dinput) {
        int h = shape.hiddenSize();
        double[] gate = gates[layer][t][n];
        double[] before = new double[h];
        for (int j = 0; j < h; j++) {
            double r = gate[j];
            double z = gate[h + j];
            double candidate = gate[2 * h + j];
            double q = gate[3 * h + j];
            double dz = dh[j] * (states[layer][t][n][j] - candidate) * z * (1 - z);
            double dcandidate = dh[j] * (1 - z) * (1 - candidate * candidate);
            double dr = dcandidate * q * r * (1 - r);
            before[j] += dh[j] * z;
            fromInputBack(layer, t, n, j, dr, dinput);
            fromStateBack(layer, t, n, j, dr, before);
            fromInputBack(layer, t, n, h + j, dz, dinput);
            fromStateBack(layer, t, n, h + j, dz, before);
            fromInputBack(layer, t, n, 2 * h + j, dcandidate, dinput);
            fromStateBack(layer, t, n, 2 * h + j, dcandidate * r, before);
        }
        return before;
    }
}
