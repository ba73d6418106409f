package dev.gatun.lm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The language model as its equations say, in double precision and plain loops; gradients are central differences of its loss.
 * It shares no code with the library but the names and shapes of the tensors.
 */
final class ReferenceModel {
    /**
     * Central differences in double are off by about STEP² / 6 times the third derivative, some 1e-9, and by 1e-16 / STEP of
     * rounding: far below the error of a float.
     */
    private static final double STEP = 1e-4;

    private final ModelConfig config;
    final Map<String, double[]> parameters = new LinkedHashMap<>();

    /** Copies a model's parameters. */
    ReferenceModel(LanguageModel model) {
        config = model.config();
        read(model.parameters()).forEach(parameters::put);
    }

    /** Copies a block's tensors, as doubles. */
    static Map<String, double[]> read(ParameterBlock block) {
        Map<String, double[]> tensors = new LinkedHashMap<>();
        try (Arena arena = Arena.ofConfined()) {
            for (TensorInfo tensor : block.tensors()) {
                MemorySegment host = arena.allocate(tensor.byteSize(), Float.BYTES);
                block.copyTo(tensor, host);
                double[] values = new double[(int) tensor.elements()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = host.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                }
                tensors.put(tensor.name(), values);
            }
        }
        return tensors;
    }

    /** The state of one row: h and c of every layer. */
    record State(double[][] h, double[][] c) {
        State copy() {
            return new State(copy(h), copy(c));
        }

        private static double[][] copy(double[][] values) {
            return Arrays.stream(values).map(double[]::clone).toArray(double[][]::new);
        }
    }

    State zeroState() {
        return new State(new double[config.layers()][config.outputSize()], new double[config.layers()][config.hidden()]);
    }

    /** Reads one word, changes the state, and returns the logits of the next. */
    double[] next(int word, State state) {
        double[] x = Arrays.copyOfRange(parameters.get("embed.weight"), word * config.embed(), (word + 1) * config.embed());
        for (int layer = 0; layer < config.layers(); layer++) {
            if (config.cell() == Cell.GRU) {
                gru(layer, x, state);
            } else {
                lstm(layer, x, state);
            }
            x = state.h[layer];
        }
        return affine(parameters.get(config.tied() ? "embed.weight" : "linear.weight"), parameters.get("linear.bias"), x);
    }

    /** i, f, o = σ(W·x + bW + R·h + bR), g = tanh(likewise), c = f∘c + i∘g, h = o∘tanh(c), or P·h in its place. */
    private void lstm(int layer, double[] x, State state) {
        int hidden = config.hidden();
        double[] fromInput = affine(parameters.get("lstm.weight_ih_l" + layer), parameters.get("lstm.bias_ih_l" + layer), x);
        double[] fromState = affine(parameters.get("lstm.weight_hh_l" + layer), parameters.get("lstm.bias_hh_l" + layer), state.h[layer]);
        double[] hiddenState = new double[hidden];
        for (int k = 0; k < hidden; k++) {
            double i = sigmoid(fromInput[k] + fromState[k]);
            double f = sigmoid(fromInput[hidden + k] + fromState[hidden + k]);
            double g = Math.tanh(fromInput[2 * hidden + k] + fromState[2 * hidden + k]);
            double o = sigmoid(fromInput[3 * hidden + k] + fromState[3 * hidden + k]);
            state.c[layer][k] = f * state.c[layer][k] + i * g;
            hiddenState[k] = o * Math.tanh(state.c[layer][k]);
        }
        state.h[layer] = config.projection() == 0 ? hiddenState
                : affine(parameters.get("lstm.weight_hr_l" + layer), new double[config.projection()], hiddenState);
    }

    /** r, z = σ(W·x + bW + R·h + bR), n = tanh(W·x + bW + r∘(R·h + bR)), h = (1 - z)∘n + z∘h. */
    private void gru(int layer, double[] x, State state) {
        int hidden = config.hidden();
        double[] fromInput = affine(parameters.get("gru.weight_ih_l" + layer), parameters.get("gru.bias_ih_l" + layer), x);
        double[] fromState = affine(parameters.get("gru.weight_hh_l" + layer), parameters.get("gru.bias_hh_l" + layer), state.h[layer]);
        for (int k = 0; k < hidden; k++) {
            double r = sigmoid(fromInput[k] + fromState[k]);
            double z = sigmoid(fromInput[hidden + k] + fromState[hidden + k]);
            double n = Math.tanh(fromInput[2 * hidden + k] + r * fromState[2 * hidden + k]);
            state.h[layer][k] = (1 - z) * n + z * state.h[layer][k];
        }
    }

    private static double[] affine(double[] matrix, double[] bias, double[] x) {
        double[] y = bias.clone();
        for (int row = 0; row < y.length; row++) {
            for (int column = 0; column < x.length; column++) {
                y[row] += matrix[row * x.length + column] * x[column];
            }
        }
        return y;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** -log softmax(logits)[target]. */
    static double crossEntropy(double[] logits, int target) {
        double max = Arrays.stream(logits).max().getAsDouble();
        return Math.log(Arrays.stream(logits).map(x -> Math.exp(x - max)).sum()) + max - logits[target];
    }

    /** Returns the mean loss of a segment, time-major [steps][batch], and leaves the states of the rows at its end. */
    double loss(int[] inputs, int[] targets, State[] states) {
        double sum = 0;
        for (int token = 0; token < inputs.length; token++) {
            sum += crossEntropy(next(inputs[token], states[token % states.length]), targets[token]);
        }
        return sum / inputs.length;
    }

    private double lossFrom(int[] inputs, int[] targets, State[] states) {
        return loss(inputs, targets, Arrays.stream(states).map(State::copy).toArray(State[]::new));
    }

    /** Returns the gradient of a segment's loss for every parameter; the states stay as they are. */
    Map<String, double[]> gradients(int[] inputs, int[] targets, State[] states) {
        Map<String, double[]> gradients = new LinkedHashMap<>();
        parameters.forEach((name, values) -> {
            double[] gradient = new double[values.length];
            for (int i = 0; i < values.length; i++) {
                double value = values[i];
                values[i] = value + STEP;
                double above = lossFrom(inputs, targets, states);
                values[i] = value - STEP;
                double below = lossFrom(inputs, targets, states);
                values[i] = value;
                gradient[i] = (above - below) / (2 * STEP);
            }
            gradients.put(name, gradient);
        });
        return gradients;
    }
}
