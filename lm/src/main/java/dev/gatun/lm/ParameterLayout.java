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
 * <p>The block holds four slices, each at a multiple of {@value #ALIGNMENT} elements: the embedding, the recurrent network's weight
 * space, and the output's weights and bias; of a tied model the output's weights are the embedding's slice. Inside the weight
 * space a PyTorch tensor is several matrices, one a gate, at the offsets that {@code cudnnGetRNNWeightParams} gives; nothing is
 * assumed of their order or distance.
 */
final class ParameterLayout {
    /** Elements; at least 128 bytes, enough for any vector load or Tensor Core. */
    static final long ALIGNMENT = 64;

    /** A part of the block, in bytes. */
    record Slice(long offset, long bytes) {
        Slice inside(Slice outer) {
            return new Slice(outer.offset + offset, bytes);
        }

        private long end(int elementBytes) {
            return Math.ceilDiv(offset + bytes, ALIGNMENT * elementBytes) * ALIGNMENT * elementBytes;
        }
    }

    /** A tensor and the slices that hold its values, in the order of the values. */
    private record Place(TensorInfo tensor, List<Slice> slices) {}

    /** Finds a gate's weights in the weight space, as {@link RnnDescriptor#weights} does. */
    interface Gates {
        RnnDescriptor.GateWeights weights(int layer, int id);
    }

    private final int elementBytes;
    private final Slice embedWeight;
    private final Slice rnn;
    private final Slice linearWeight;
    private final Slice linearBias;
    private final Map<String, Place> places = new LinkedHashMap<>();

    /** Lays a model's tensors out with elements of 4 or 2 bytes. */
    ParameterLayout(ModelConfig config, int elementBytes, long weightSpaceBytes, Gates gates) {
        this.elementBytes = elementBytes;
        int vocabulary = config.vocabulary();
        int output = config.outputSize();
        int gateCount = config.cell().gates();
        long rows = gateCount * (long) config.hidden();
        TensorInfo embed = TensorInfo.of("embed.weight", vocabulary, config.embed());
        TensorInfo weight = TensorInfo.of("linear.weight", vocabulary, output);
        TensorInfo bias = TensorInfo.of("linear.bias", vocabulary);
        embedWeight = new Slice(0, bytes(embed));
        rnn = new Slice(embedWeight.end(elementBytes), weightSpaceBytes);
        linearWeight = config.tied() ? embedWeight : new Slice(rnn.end(elementBytes), bytes(weight));
        linearBias = new Slice((config.tied() ? rnn : linearWeight).end(elementBytes), bytes(bias));

        place(embed, List.of(embedWeight));
        for (int layer = 0; layer < config.layers(); layer++) {
            String prefix = config.cell().module() + ".";
            placeGates(TensorInfo.of(prefix + "weight_ih_l" + layer, rows, config.inputSize(layer)), gates, layer, 0, gateCount, true);
            placeGates(TensorInfo.of(prefix + "weight_hh_l" + layer, rows, output), gates, layer, gateCount, gateCount, true);
            placeGates(TensorInfo.of(prefix + "bias_ih_l" + layer, rows), gates, layer, 0, gateCount, false);
            placeGates(TensorInfo.of(prefix + "bias_hh_l" + layer, rows), gates, layer, gateCount, gateCount, false);
            if (config.projection() > 0) {
                placeGates(TensorInfo.of(prefix + "weight_hr_l" + layer, output, config.hidden()), gates, layer, 2 * gateCount, 1, true);
            }
        }
        if (!config.tied()) {
            place(weight, List.of(linearWeight));
        }
        place(bias, List.of(linearBias));
    }

    /** Asks cuDNN for the layout of the model's recurrent network. */
    static ParameterLayout of(ModelConfig config, RnnDescriptor rnn) {
        try (DeviceBuffer weightSpace = DeviceBuffer.allocate(rnn.weightSpaceBytes())) {
            return new ParameterLayout(config, rnn.type().byteSize(), weightSpace.byteSize(),
                    (layer, id) -> rnn.weights(weightSpace, layer, id));
        }
    }

    private long bytes(TensorInfo tensor) {
        return tensor.elements() * elementBytes;
    }

    /** Of so many ids, from the first: PyTorch stacks the gates as i, f, g, o or r, z, n, which is the order of cuDNN's ids. */
    private void placeGates(TensorInfo tensor, Gates gates, int layer, int firstId, int ids, boolean matrix) {
        List<Slice> slices = new ArrayList<>();
        for (int id = firstId; id < firstId + ids; id++) {
            RnnDescriptor.GateWeights gate = gates.weights(layer, id);
            slices.add(new Slice(matrix ? gate.matrixOffset() : gate.biasOffset(), bytes(tensor) / ids).inside(rnn));
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

    /** Returns the bytes of the whole block, a multiple of {@link #ALIGNMENT} elements. */
    long byteSize() {
        return linearBias.end(elementBytes);
    }

    Slice embedWeight() {
        return embedWeight;
    }

    Slice rnn() {
        return rnn;
    }

    /** Of a tied model, {@link #embedWeight}. */
    Slice linearWeight() {
        return linearWeight;
    }

    Slice linearBias() {
        return linearBias;
    }
}
