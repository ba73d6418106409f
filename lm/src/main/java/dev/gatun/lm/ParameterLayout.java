package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cudnn.RnnDescriptor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where a model's tensors lie in one block of device memory. Parameters, gradients and both of Adam's moments are such blocks,
 * so that one launch goes over all of them.
 *
 * <p>The block holds four slices, each at a multiple of {@value #ALIGNMENT} bytes: the embedding, the LSTM's weight space, and
 * the projection's weights and bias. Inside the weight space a PyTorch tensor is four matrices, one a gate, at the offsets that
 * {@code cudnnGetRNNWeightParams} gives; nothing is assumed of their order or distance.
 */
final class ParameterLayout {
    /** What {@code cudaMalloc} aligns to, and enough for any vector load or Tensor Core. */
    static final long ALIGNMENT = 256;

    private static final int GATES = 4;

    /** A part of the block, in bytes. */
    record Slice(long offset, long bytes) {
        Slice inside(Slice outer) {
            return new Slice(outer.offset + offset, bytes);
        }

        private long end() {
            return Math.ceilDiv(offset + bytes, ALIGNMENT) * ALIGNMENT;
        }
    }

    /** A tensor and the slices that hold its values, in the order of the values. */
    private record Place(TensorInfo tensor, List<Slice> slices) {}

    /** Finds a gate's weights in the weight space, as {@link RnnDescriptor#weights} does. */
    interface Gates {
        RnnDescriptor.GateWeights weights(int layer, int id);
    }

    private final Slice embedWeight;
    private final Slice lstm;
    private final Slice linearWeight;
    private final Slice linearBias;
    private final Map<String, Place> places = new LinkedHashMap<>();

    ParameterLayout(ModelConfig config, long weightSpaceBytes, Gates gates) {
        int vocabulary = config.vocabulary();
        int hidden = config.hidden();
        TensorInfo embed = TensorInfo.of("embed.weight", vocabulary, config.embed());
        TensorInfo weight = TensorInfo.of("linear.weight", vocabulary, hidden);
        TensorInfo bias = TensorInfo.of("linear.bias", vocabulary);
        embedWeight = new Slice(0, embed.byteSize());
        lstm = new Slice(embedWeight.end(), weightSpaceBytes);
        linearWeight = new Slice(lstm.end(), weight.byteSize());
        linearBias = new Slice(linearWeight.end(), bias.byteSize());

        place(embed, List.of(embedWeight));
        for (int layer = 0; layer < config.layers(); layer++) {
            placeGates(TensorInfo.of("lstm.weight_ih_l" + layer, GATES * (long) hidden, config.inputSize(layer)), gates, layer, 0, true);
            placeGates(TensorInfo.of("lstm.weight_hh_l" + layer, GATES * (long) hidden, hidden), gates, layer, GATES, true);
            placeGates(TensorInfo.of("lstm.bias_ih_l" + layer, GATES * (long) hidden), gates, layer, 0, false);
            placeGates(TensorInfo.of("lstm.bias_hh_l" + layer, GATES * (long) hidden), gates, layer, GATES, false);
        }
        place(weight, List.of(linearWeight));
        place(bias, List.of(linearBias));
    }

    /** Asks cuDNN for the layout of the model's LSTM. */
    static ParameterLayout of(ModelConfig config, RnnDescriptor rnn) {
        try (DeviceBuffer weightSpace = DeviceBuffer.allocate(rnn.weightSpaceBytes())) {
            return new ParameterLayout(config, weightSpace.byteSize(), (layer, id) -> rnn.weights(weightSpace, layer, id));
        }
    }

    /** PyTorch stacks the gates as i, f, g, o, which is the order of cuDNN's ids. */
    private void placeGates(TensorInfo tensor, Gates gates, int layer, int firstId, boolean matrix) {
        List<Slice> slices = new ArrayList<>();
        for (int id = firstId; id < firstId + GATES; id++) {
            RnnDescriptor.GateWeights gate = gates.weights(layer, id);
            slices.add(new Slice(matrix ? gate.matrixOffset() : gate.biasOffset(), tensor.byteSize() / GATES).inside(lstm));
        }
        place(tensor, slices);
    }

    private void place(TensorInfo tensor, List<Slice> slices) {
        places.put(tensor.name(), new Place(tensor, List.copyOf(slices)));
    }

    /** Returns the tensors under the names of a PyTorch state dict, in its order. */
    List<TensorInfo> tensors() {
        return places.values().stream().map(Place::tensor).toList();
    }

    /** Returns a tensor's description, or throws {@link IllegalArgumentException} if the model has none of that name. */
    TensorInfo tensor(String name) {
        return find(name).tensor;
    }

    /** Returns the slices of the block that hold a tensor's values, in the order of the values. */
    List<Slice> slices(TensorInfo tensor) {
        Place place = find(tensor.name());
        Check.that(place.tensor.equals(tensor), "the model's tensor is " + place.tensor, tensor);
        return place.slices;
    }

    private Place find(String name) {
        Place place = places.get(name);
        if (place == null) {
            throw new IllegalArgumentException("the model has no tensor '" + name + "'; it has " + places.keySet());
        }
        return place;
    }

    /** Returns the bytes of the whole block, a multiple of {@link #ALIGNMENT}. */
    long byteSize() {
        return linearBias.end();
    }

    Slice embedWeight() {
        return embedWeight;
    }

    Slice lstm() {
        return lstm;
    }

    Slice linearWeight() {
        return linearWeight;
    }

    Slice linearBias() {
        return linearBias;
    }
}
