package dev.gatun.examples.export;

import static dev.gatun.examples.export.OnnxGraph.FLOAT;
import static dev.gatun.examples.export.OnnxGraph.INT64;
import static dev.gatun.examples.export.OnnxGraph.attribute;

import dev.gatun.examples.CommandException;
import dev.gatun.examples.protobuf.Message;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.ParameterBlock;
import dev.gatun.lm.TensorInfo;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A model as ONNX, for T steps of N texts at once, both chosen when it runs; V words, L layers, H hidden size.
 *
 * <p>Inputs: {@code tokens}, int64 [T][N]; {@code h0} and, of an LSTM, {@code c0}, float [L][N][H]: zeros at the beginning of a text.
 * Outputs: {@code logits}, float [T][N][V]; {@code hn} and {@code cn}, the state to go on with.
 *
 * <p>ONNX stacks an LSTM's gates as i, o, f, c and a GRU's as z, r, h; PyTorch, whose order the parameters have, as i, f, g, o and
 * r, z, n. PyTorch's and cuDNN's GRU multiplies by the reset gate after the recurrent product: {@code linear_before_reset} 1.
 */
public final class OnnxModel {
    private static final int[] LSTM_GATES = {0, 3, 1, 2};
    private static final int[] GRU_GATES = {1, 0, 2};

    /** Protocol buffers' own limit. */
    private static final long MOST_BYTES = Integer.MAX_VALUE;

    private final ParameterBlock parameters;
    private final ModelConfig config;
    private final Arena arena;
    private final boolean lstm;
    private final int[] gates;
    private final OnnxGraph graph = new OnnxGraph("language_model");

    private OnnxModel(LanguageModel model, Arena arena) {
        parameters = model.parameters();
        config = model.config();
        this.arena = arena;
        lstm = has("lstm.weight_ih_l0");
        gates = lstm ? LSTM_GATES : GRU_GATES;
    }

    /**
     * Writes a model.
     *
     * @throws CommandException if ONNX has no operator for its layers, or the file would have 2 GB or more
     */
    public static void write(LanguageModel model, String version, OutputStream out) throws IOException {
        if (model.parameters().tensors().stream().anyMatch(tensor -> tensor.name().startsWith("lstm.weight_hr"))) {
            throw new CommandException("ONNX's LSTM has no projection, so that a model trained with --proj cannot be exported; train one"
                    + " without it, or use its model.safetensors");
        }
        if (model.config().parameterCount() * Float.BYTES >= MOST_BYTES) {
            throw new CommandException("an ONNX file holds less than 2 GB, and this model has " + model.config().parameterCount()
                    + " float32 parameters; use its model.safetensors");
        }
        try (Arena arena = Arena.ofConfined()) {
            OnnxModel onnx = new OnnxModel(model, arena);
            onnx.build();
            onnx.graph.model(version).writeTo(out);
        }
    }

    private void build() {
        int layers = config.layers();
        int hidden = config.hidden();
        graph.input("tokens", INT64, "T", "N");
        graph.input("h0", FLOAT, layers, "N", hidden);
        graph.output("logits", FLOAT, "T", "N", config.vocabulary());
        graph.output("hn", FLOAT, layers, "N", hidden);
        if (lstm) {
            graph.input("c0", FLOAT, layers, "N", hidden);
            graph.output("cn", FLOAT, layers, "N", hidden);
        }
        constant("embed.weight");
        graph.node("Gather", List.of("embed.weight", "tokens"), List.of("x0")); // [T][N][E]
        graph.constant("direction", 1L);
        for (int layer = 0; layer < layers; layer++) {
            layer(layer);
        }
        concatenate("hn", "h");
        if (lstm) {
            concatenate("cn", "c");
        }
        String weight = has("linear.weight") ? constant("linear.weight") : "embed.weight";
        constant("linear.bias");
        graph.node("Transpose", List.of(weight), List.of("linear.weight_t"), attribute("perm", 1, 0)); // [H][V]
        graph.node("MatMul", List.of("x" + layers, "linear.weight_t"), List.of("products"));
        graph.node("Add", List.of("products", "linear.bias"), List.of("logits"));
    }

    /** Adds x{layer + 1} [T][N][H] = the layer of x{layer}, and its last state. */
    private void layer(int layer) {
        String prefix = lstm ? "lstm." : "gru.";
        weights("W" + layer, prefix + "weight_ih_l" + layer);
        weights("R" + layer, prefix + "weight_hh_l" + layer);
        biases("B" + layer, prefix + "bias_ih_l" + layer, prefix + "bias_hh_l" + layer);
        List<String> inputs = new ArrayList<>(List.of("x" + layer, "W" + layer, "R" + layer, "B" + layer, "", initial("h", layer)));
        List<String> outputs = new ArrayList<>(List.of("y" + layer, "h" + layer + "_n"));
        List<Message> attributes = new ArrayList<>(List.of(attribute("hidden_size", (long) config.hidden())));
        if (lstm) {
            inputs.add(initial("c", layer));
            outputs.add("c" + layer + "_n");
        } else {
            attributes.add(attribute("linear_before_reset", 1L));
        }
        graph.node(lstm ? "LSTM" : "GRU", inputs, outputs, attributes.toArray(Message[]::new));
        graph.node("Squeeze", List.of("y" + layer, "direction"), List.of("x" + (layer + 1))); // of [T][1][N][H]
    }

    /** Adds a layer's part [1][N][H] of the state before the text, and returns its name. */
    private String initial(String state, int layer) {
        String name = state + layer + "_0";
        if (!state.equals("c")) {
            graph.constant("layer" + layer, (long) layer);
        }
        graph.node("Gather", List.of(state + "0", "layer" + layer), List.of(name), attribute("axis", 0L));
        return name;
    }

    private void concatenate(String output, String state) {
        List<String> parts = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            parts.add(state + layer + "_n");
        }
        graph.node("Concat", parts, List.of(output), attribute("axis", 0L));
    }

    /** Adds [1][gates·H][inputs] from PyTorch's [gates·H][inputs]. */
    private void weights(String name, String tensor) {
        TensorInfo info = parameters.tensor(tensor);
        MemorySegment ordered = arena.allocate(info.byteSize(), Float.BYTES);
        copyGates(values(info), ordered, 0);
        graph.constant(name, ordered, 1, info.shape().get(0), info.shape().get(1));
    }

    /** Adds [1][2·gates·H]: the biases of the input, then those of the state. */
    private void biases(String name, String input, String state) {
        TensorInfo info = parameters.tensor(input);
        MemorySegment ordered = arena.allocate(2 * info.byteSize(), Float.BYTES);
        copyGates(values(info), ordered, 0);
        copyGates(values(parameters.tensor(state)), ordered, info.byteSize());
        graph.constant(name, ordered, 1, 2 * info.shape().get(0));
    }

    private void copyGates(MemorySegment from, MemorySegment to, long offset) {
        long bytes = from.byteSize() / gates.length;
        for (int gate = 0; gate < gates.length; gate++) {
            MemorySegment.copy(from, gates[gate] * bytes, to, offset + gate * bytes, bytes);
        }
    }

    private String constant(String tensor) {
        TensorInfo info = parameters.tensor(tensor);
        graph.constant(tensor, values(info), info.shape().stream().mapToLong(Long::longValue).toArray());
        return tensor;
    }

    private MemorySegment values(TensorInfo info) {
        MemorySegment values = arena.allocate(info.byteSize(), Float.BYTES);
        parameters.copyTo(info, values);
        return values;
    }

    private boolean has(String tensor) {
        return parameters.tensors().stream().anyMatch(info -> info.name().equals(tensor));
    }
}
