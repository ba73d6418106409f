package dev.gatun.cudnn;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.device.Owner;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The kind and sizes of a recurrent network.
 *
 * <p>An LSTM here is unidirectional, without projection, in 32-bit floats multiplied in full precision (no TF32), with cuDNN's
 * standard algorithm and two bias vectors a gate (CUDNN_RNN_DOUBLE_BIAS), as PyTorch's: with input x, state h' and cell c',
 * i, f, o = σ(W·x + R·h' + bW + bR), g = tanh(W·x + R·h' + bW + bR), c = f∘c' + i∘g, h = o∘tanh(c).
 */
public final class RnnDescriptor extends Owner {
    private static final int TENSOR_DIMS = 3;

    private final Dnn dnn;
    private final MemorySegment handle;
    private final int inputSize;
    private final int hiddenSize;
    private final int layers;

    /**
     * Where one gate's matrix and bias lie in a weight space.
     *
     * @param matrixOffset bytes from the start of the weight space to the row-major matrix
     * @param rows its rows: the hidden size
     * @param columns its columns: the layer's input size for ids 0 to 3, the hidden size for 4 to 7
     * @param biasOffset bytes from the start of the weight space to the bias, float [rows]
     */
    public record GateWeights(long matrixOffset, int rows, int columns, long biasOffset) {}

    /**
     * Device memory that calls need.
     *
     * @param workspaceBytes scratch, free for other use between calls
     * @param reserveBytes what a training forward hands to its backward; 0 for inference
     */
    public record TempSpace(long workspaceBytes, long reserveBytes) {}

    private RnnDescriptor(Dnn dnn, DropoutDescriptor dropout, MemorySegment handle, int inputSize, int hiddenSize, int layers) {
        super(dnn, dropout);
        this.dnn = dnn;
        this.handle = handle;
        this.inputSize = inputSize;
        this.hiddenSize = hiddenSize;
        this.layers = layers;
    }

    /**
     * Describes an LSTM.
     *
     * @throws CudnnException if cuDNN refuses the sizes
     */
    public static RnnDescriptor lstm(Dnn dnn, int inputSize, int hiddenSize, int layers, DropoutDescriptor dropout) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pointer = arena.allocate(Cudnn.C_POINTER);
            CudnnException.check(Cudnn.cudnnCreateRNNDescriptor(pointer), "cudnnCreateRNNDescriptor");
            RnnDescriptor rnn = new RnnDescriptor(dnn, dropout, pointer.get(Cudnn.C_POINTER, 0), inputSize, hiddenSize, layers);
            // A projection size equal to the hidden size means no projection; the unpacked layout needs the padded-IO flag.
            int status = Cudnn.cudnnSetRNNDescriptor_v8(rnn.handle, Cudnn.CUDNN_RNN_ALGO_STANDARD(), Cudnn.CUDNN_LSTM(),
                    Cudnn.CUDNN_RNN_DOUBLE_BIAS(), Cudnn.CUDNN_UNIDIRECTIONAL(), Cudnn.CUDNN_LINEAR_INPUT(), Cudnn.CUDNN_DATA_FLOAT(),
                    Cudnn.CUDNN_DATA_FLOAT(), Cudnn.CUDNN_FMA_MATH(), inputSize, hiddenSize, hiddenSize, layers, dropout.handle(),
                    Cudnn.CUDNN_RNN_PADDED_IO_ENABLED());
            if (status != 0) {
                rnn.close();
                throw new CudnnException(status, "cudnnSetRNNDescriptor_v8",
                        "inputSize=" + inputSize + ", hiddenSize=" + hiddenSize + ", numLayers=" + layers);
            }
            return rnn;
        }
    }

    /** Returns the size of a step's input. */
    public int inputSize() {
        return inputSize;
    }

    /** Returns the size of the hidden state. */
    public int hiddenSize() {
        return hiddenSize;
    }

    /** Returns the number of layers. */
    public int layers() {
        return layers;
    }

    /** Returns how many bytes all weights and biases take, as one block of device memory. */
    public long weightSpaceBytes() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(Cudnn.C_LONG);
            CudnnException.check(Cudnn.cudnnGetRNNWeightSpaceSize(dnn.handle(), handle(), size), "cudnnGetRNNWeightSpaceSize");
            return size.get(Cudnn.C_LONG, 0);
        }
    }

    /**
     * Finds a gate's weights ({@code cudnnGetRNNWeightParams}).
     *
     * @param weightSpace a block of {@link #weightSpaceBytes}; it is not read
     * @param layer 0 to {@code layers - 1}
     * @param id 0 to 3 for the matrices that act on the input, 4 to 7 for those on the state; each in the order input gate,
     *         forget gate, cell (g), output gate
     * @throws CudnnException if layer or id is out of range
     */
    public GateWeights weights(DeviceBuffer weightSpace, int layer, int id) {
        try (Arena arena = Arena.ofConfined(); TensorDescriptor matrix = TensorDescriptor.unset();
                TensorDescriptor bias = TensorDescriptor.unset()) {
            MemorySegment addresses = arena.allocate(Cudnn.C_POINTER, 2);
            MemorySegment biasAddress = addresses.asSlice(Cudnn.C_POINTER.byteSize());
            int status = Cudnn.cudnnGetRNNWeightParams(dnn.handle(), handle(), layer, weightSpace.byteSize(), weightSpace.pointer(), id,
                    matrix.handle(), addresses, bias.handle(), biasAddress);
            if (status != 0) {
                throw new CudnnException(status, "cudnnGetRNNWeightParams", "pseudoLayer=" + layer + ", linLayerID=" + id);
            }
            MemorySegment type = arena.allocate(Cudnn.C_INT, 2);
            MemorySegment dims = arena.allocate(Cudnn.C_INT, TENSOR_DIMS);
            MemorySegment strides = arena.allocate(Cudnn.C_INT, TENSOR_DIMS);
            CudnnException.check(Cudnn.cudnnGetTensorNdDescriptor(matrix.handle(), TENSOR_DIMS, type, type.asSlice(4), dims, strides),
                    "cudnnGetTensorNdDescriptor");
            int rows = dims.getAtIndex(Cudnn.C_INT, 1);
            int columns = dims.getAtIndex(Cudnn.C_INT, 2);
            if (strides.getAtIndex(Cudnn.C_INT, 1) != columns || strides.getAtIndex(Cudnn.C_INT, 2) != 1) {
                throw new IllegalStateException("cuDNN " + Dnn.version() + " stores the weights of layer " + layer + ", id " + id
                        + " with strides " + strides.getAtIndex(Cudnn.C_INT, 1) + ", " + strides.getAtIndex(Cudnn.C_INT, 2)
                        + "; expected a row-major matrix of " + columns + " columns");
            }
            return new GateWeights(addresses.get(ValueLayout.JAVA_LONG, 0) - weightSpace.address(), rows, columns,
                    biasAddress.get(ValueLayout.JAVA_LONG, 0) - weightSpace.address());
        }
    }

    /**
     * Asks how much memory calls on such data need; the sizes belong to these lengths and to no other.
     *
     * @param training whether a backward follows
     */
    public TempSpace tempSpace(boolean training, RnnDataDescriptor x) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sizes = arena.allocate(Cudnn.C_LONG, 2);
            CudnnException.check(Cudnn.cudnnGetRNNTempSpaceSizes(dnn.handle(), handle(), mode(training), x.handle(), sizes,
                    sizes.asSlice(Cudnn.C_LONG.byteSize())), "cudnnGetRNNTempSpaceSizes");
            return new TempSpace(sizes.getAtIndex(Cudnn.C_LONG, 0), sizes.getAtIndex(Cudnn.C_LONG, 1));
        }
    }

    static int mode(boolean training) {
        return training ? Cudnn.CUDNN_FWD_MODE_TRAINING() : Cudnn.CUDNN_FWD_MODE_INFERENCE();
    }

    /** Returns the {@code cudnnRNNDescriptor_t} for the generated bindings. */
    public MemorySegment handle() {
        requireOpen();
        return handle;
    }

    @Override
    protected void destroy() {
        CudnnException.check(Cudnn.cudnnDestroyRNNDescriptor(handle), "cudnnDestroyRNNDescriptor");
    }
}
