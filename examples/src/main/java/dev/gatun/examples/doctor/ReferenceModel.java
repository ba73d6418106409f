package dev.gatun.examples.doctor;

import dev.gatun.lm.ModelConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The language model and its training as the equations say, in double precision and plain loops: embedding, LSTM, linear layer,
 * softmax cross-entropy, their gradients by hand, clipping to a norm, and Adam with PyTorch's defaults. It shares no code with
 * the library but the names and shapes of the tensors.
 */
final class ReferenceModel {
    // As floats, which is what the device is given: 1 - 0.999f is 1.3e-5 less than 1 - 0.999.
    static final float BETA1 = 0.9f;
    static final float BETA2 = 0.999f;
    static final float EPSILON = 1e-8f;

    private final ModelConfig config;
    private final int batch;
    private final Map<String, double[]> moments = new LinkedHashMap<>();
    private final Map<String, double[]> squares = new LinkedHashMap<>();
    private double[] h; // [layers][N][H]
    private double[] c; // [layers][N][H]
    private int step;

    final Map<String, double[]> parameters;
    double loss;
    double gradientNorm;

    /** Takes over the parameters, by PyTorch's names. */
    ReferenceModel(ModelConfig config, int batch, Map<String, double[]> parameters) {
        this.config = config;
        this.batch = batch;
        this.parameters = parameters;
        h = new double[config.layers() * batch * config.hidden()];
        c = h.clone();
        parameters.forEach((name, values) -> {
            moments.put(name, new double[values.length]);
            squares.put(name, new double[values.length]);
        });
    }

    /** Does one step on a segment, time-major [steps][batch], and carries the state on. */
    void step(int[] inputs, int[] targets, double clip, double learningRate) {
        ReferenceLstm lstm = lstm(inputs.length / batch);
        lstm.forward(embed(inputs), h, c);
        Map<String, double[]> gradients = new LinkedHashMap<>();
        double[] dy = linear(lstm.y, targets, gradients);
        lstm.backward(dy, new double[h.length], new double[c.length]);
        collect(lstm, gradients);
        gradients.put("embed.weight", embedGradient(inputs, lstm.dx));
        gradientNorm = Math.sqrt(gradients.values().stream().flatMapToDouble(Arrays::stream).map(g -> g * g).sum());
        adam(gradients, Math.min(1, clip / (gradientNorm + 1e-6)), learningRate);
        h = lstm.hy;
        c = lstm.cy;
    }

    private ReferenceLstm lstm(int steps) {
        List<ReferenceLstm.Layer> layers = new ArrayList<>();
        for (int k = 0; k < config.layers(); k++) {
            layers.add(new ReferenceLstm.Layer(parameters.get("lstm.weight_ih_l" + k), parameters.get("lstm.weight_hh_l" + k),
                    parameters.get("lstm.bias_ih_l" + k), parameters.get("lstm.bias_hh_l" + k)));
        }
        int[] lengths = new int[batch];
        Arrays.fill(lengths, steps);
        return new ReferenceLstm(config.hidden(), layers, steps, lengths);
    }

    private static void collect(ReferenceLstm lstm, Map<String, double[]> gradients) {
        for (int k = 0; k < lstm.gradients.size(); k++) {
            ReferenceLstm.Layer layer = lstm.gradients.get(k);
            gradients.put("lstm.weight_ih_l" + k, layer.w());
            gradients.put("lstm.weight_hh_l" + k, layer.r());
            gradients.put("lstm.bias_ih_l" + k, layer.bw());
            gradients.put("lstm.bias_hh_l" + k, layer.br());
        }
    }

    private double[] embed(int[] ids) {
        int width = config.embed();
        double[] x = new double[ids.length * width];
        for (int token = 0; token < ids.length; token++) {
            System.arraycopy(parameters.get("embed.weight"), ids[token] * width, x, token * width, width);
        }
        return x;
    }

    private double[] embedGradient(int[] ids, double[] dx) {
        int width = config.embed();
        double[] gradient = new double[config.vocabulary() * width];
        for (int i = 0; i < dx.length; i++) {
            gradient[ids[i / width] * width + i % width] += dx[i];
        }
        return gradient;
    }

    /** Sets the loss, adds the linear layer's gradients, and returns that of its input y. */
    private double[] linear(double[] y, int[] targets, Map<String, double[]> gradients) {
        int hidden = config.hidden();
        double[] weight = parameters.get("linear.weight");
        double[] dWeight = new double[weight.length];
        double[] dBias = new double[config.vocabulary()];
        double[] dy = new double[y.length];
        loss = 0;
        for (int token = 0; token < targets.length; token++) {
            double[] logits = parameters.get("linear.bias").clone();
            for (int i = 0; i < weight.length; i++) {
                logits[i / hidden] += weight[i] * y[token * hidden + i % hidden];
            }
            loss += softmaxGradient(logits, targets[token]) / targets.length;
            for (int i = 0; i < weight.length; i++) {
                double dLogit = logits[i / hidden] / targets.length;
                dWeight[i] += dLogit * y[token * hidden + i % hidden];
                dy[token * hidden + i % hidden] += dLogit * weight[i];
            }
            for (int word = 0; word < dBias.length; word++) {
                dBias[word] += logits[word] / targets.length;
            }
        }
        gradients.put("linear.weight", dWeight);
        gradients.put("linear.bias", dBias);
        return dy;
    }

    /** Returns -log softmax(logits)[target], and replaces the logits by its gradient. */
    static double softmaxGradient(double[] logits, int target) {
        double max = Arrays.stream(logits).max().orElseThrow();
        double logSum = max + Math.log(Arrays.stream(logits).map(x -> Math.exp(x - max)).sum());
        double loss = logSum - logits[target];
        Arrays.setAll(logits, i -> Math.exp(logits[i] - logSum) - (i == target ? 1 : 0));
        return loss;
    }

    private void adam(Map<String, double[]> gradients, double scale, double learningRate) {
        step++;
        gradients.forEach((name, g) -> adam(parameters.get(name), moments.get(name), squares.get(name), g, scale, learningRate, step));
    }

    /** Kingma and Ba's update (2015) of p and its moments m and v with the gradient {@code scale}·g. */
    static void adam(double[] p, double[] m, double[] v, double[] g, double scale, double learningRate, int step) {
        for (int i = 0; i < p.length; i++) {
            double gradient = scale * g[i];
            m[i] = BETA1 * m[i] + (1.0 - BETA1) * gradient;
            v[i] = BETA2 * v[i] + (1.0 - BETA2) * gradient * gradient;
            double mean = m[i] / (1 - Math.pow(BETA1, step));
            double square = v[i] / (1 - Math.pow(BETA2, step));
            p[i] -= learningRate * mean / (Math.sqrt(square) + EPSILON);
        }
    }
}
