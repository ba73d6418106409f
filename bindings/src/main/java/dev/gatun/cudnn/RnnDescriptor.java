package dev.gatun.cudnn;

import dev.gatun.cuda.DataType;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.device.Owner;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The kind and sizes of a recurrent network.
 *
 * <p>A network here is unidirectional, with float32 arithmetic on data of any type, cuDNN's standard algorithm and two bias vectors
 * a gate (CUDNN_RNN_DOUBLE_BIAS), as PyTorch's. With input x, state h' and cell c':
 *
 * <ul>
 * <li>an LSTM: i, f, o = σ(W·x + R·h' + bW + bR), g = tanh(W·x + R·h' + bW + bR), c = f∘c' + i∘g, h = o∘tanh(c);
 * <li>a projected LSTM: the same with P·h, of fewer values, in place of h as the state and the output;
 * <li>a GRU, which has no cell: r, z = σ(W·x + R·h' + bW + bR), n = tanh(W·x + bW + r∘(R·h' + bR)), h = (1 - z)∘n + z∘h'.
 * </ul>
 *
 * <p>The types of the factories: {@code type} is that of the data, the states, the weights and their gradients, while arithmetic is
 * float32 ({@code mathPrec}); {@code math} says what may multiply. Without them a network is in float32, multiplied in full
 * precision (no TF32).
 */
public final class RnnDescriptor extends Owner {
    private static final int TENSOR_DIMS = 3;
    private static final int LSTM_GATES = 4;
    private static final int GRU_GATES = 3;

    private final Dnn dnn;
    private final MemorySegment handle;
    private final int cell;
    private final DataType type;
    private final int inputSize;
    private final int hiddenSize;
    private final int outputSize;
    private final int layers;

    /**
     * Where one gate's matrix and bias lie in a weight space, or the matrix of a projection.
     *
     * @param matrixOffset bytes from the start of the weight space to the row-major matrix
     * @param rows its rows: the hidden size; of a projection the output size
     * @param columns its columns: the layer's input size for a gate's matrix that acts on the input, the output size for one that
     *     acts on the state, the hidden size for a projection
     * @param biasOffset bytes from the start of the weight space to the bias, [rows]; -1 for a projection, which has none
     */
    public record GateWeights(long matrixOffset, int rows, int columns, long biasOffset) {}

    /**
     * Device memory that calls need.
     *
     * @param workspaceBytes scratch, free for other use between calls
     * @param reserveBytes what a training forward hands to its backward; 0 for inference
     */
    public record TempSpace(long workspaceBytes, long reserveBytes) {}

    private RnnDescriptor(Dnn dnn, DropoutDescriptor dropout, MemorySegment handle, int cell, DataType type, int inputSize,
            int hiddenSize, int outputSize, int layers) {
        super(dnn, dropout);
        this.dnn = dnn;
        this.handle = handle;
        this.cell = cell;
        this.type = type;
        this.inputSize = inputSize;
        this.hiddenSize = hiddenSize;
        this.outputSize = outputSize;
        this.layers = layers;
    }

    /**
     * Describes an LSTM of 32-bit floats that are multiplied in full precision (no TF32).
     *
     * @throws CudnnException if cuDNN refuses the sizes
     */
    public static RnnDescriptor lstm(Dnn dnn, int inputSize, int hiddenSize, int layers, DropoutDescriptor dropout) {
        return lstm(dnn, inputSize, hiddenSize, layers, dropout, DataType.FLOAT, MathType.FMA);
    }

    /**
     * Describes an LSTM of a type.
     *
     * @throws CudnnException if cuDNN refuses the sizes
     */
    public static RnnDescriptor lstm(Dnn dnn, int inputSize, int hiddenSize, int layers, DropoutDescriptor dropout, DataType type,
            MathType math) {
        return create(dnn, Cudnn.CUDNN_LSTM(), inputSize, hiddenSize, hiddenSize, layers, dropout, type, math);
    }

    /**
     * Describes an LSTM whose hidden state is projected to {@code outputSize} values.
     *
     * @param outputSize at least 1 and below {@code hiddenSize}; cuDNN takes the hidden size for no projection
     * @throws CudnnException if cuDNN refuses the sizes
     */
    public static RnnDescriptor projectedLstm(Dnn dnn, int inputSize, int hiddenSize, int outputSize, int layers,
            DropoutDescriptor dropout) {
        return projectedLstm(dnn, inputSize, hiddenSize, outputSize, layers, dropout, DataType.FLOAT, MathType.FMA);
    }

    /**
     * Describes an LSTM of a type, whose hidden state is projected to {@code outputSize} values.
     *
     * @param outputSize at least 1 and below {@code hiddenSize}; cuDNN takes the hidden size for no projection
     * @throws CudnnException if cuDNN refuses the sizes
     */
    public static RnnDescriptor projectedLstm(Dnn dnn, int inputSize, int hiddenSize, int outputSize, int layers,
            DropoutDescriptor dropout, DataType type, MathType math) {
        return create(dnn, Cudnn.CUDNN_LSTM(), inputSize, hiddenSize, outputSize, layers, dropout, type, math);
    }

    /**
     * Describes a GRU.
     *
     * @throws CudnnException if cuDNN refuses the sizes
     */
    public static RnnDescriptor gru(Dnn dnn, int inputSize, int hiddenSize, int layers, DropoutDescriptor dropout) {
        return gru(dnn, inputSize, hiddenSize, layers, dropout, DataType.FLOAT, MathType.FMA);
    }

    /**
     * Describes a GRU of a type.
     *
     * @throws CudnnException if cuDNN refuses the sizes
     */
    public static RnnDescriptor gru(Dnn dnn, int inputSize, int hiddenSize, int layers, DropoutDescriptor dropout, DataType type,
            MathType math) {
        return create(dnn, Cudnn.CUDNN_GRU(), inputSize, hiddenSize, hiddenSize, layers, dropout, type, math);
    }

    private static RnnDescriptor create(Dnn dnn, int cell, int inputSize, int hiddenSize, int outputSize, int layers,
            DropoutDescriptor dropout, DataType type, MathType math) {
        MemorySegment pointer = result();
        CudnnException.check(Cudnn.cudnnCreateRNNDescriptor(pointer), "cudnnCreateRNNDescriptor");
        RnnDescriptor rnn = new RnnDescriptor(dnn, dropout, pointer.get(Cudnn.C_POINTER, 0), cell, type, inputSize, hiddenSize,
                outputSize, layers);
        // A projection size equal to the hidden size means no projection; the unpacked layout needs the padded-IO flag.
        int status = Cudnn.cudnnSetRNNDescriptor_v8(rnn.handle, Cudnn.CUDNN_RNN_ALGO_STANDARD(), cell,
                Cudnn.CUDNN_RNN_DOUBLE_BIAS(), Cudnn.CUDNN_UNIDIRECTIONAL(), Cudnn.CUDNN_LINEAR_INPUT(), DataTypes.value(type),
                Cudnn.CUDNN_DATA_FLOAT(), math.value(), inputSize, hiddenSize, outputSize, layers, dropout.handle(),
                Cudnn.CUDNN_RNN_PADDED_IO_ENABLED());
        if (status != 0) {
            rnn.close();
            throw new CudnnException(status, "cudnnSetRNNDescriptor_v8",
                    "dataType=" + type + ", mathType=" + math + ", inputSize=" + inputSize + ", hiddenSize=" + hiddenSize
                            + ", projSize=" + outputSize + ", numLayers=" + layers);
        }
        return rnn;
    }

    /** Returns the type of data, states and weights. */
    public DataType type() {
        return type;
    }

    /** Returns the size of a step's input. */
    public int inputSize() {
        return inputSize;
    }

    /** Returns the hidden size: that of an LSTM's cell state. */
    public int hiddenSize() {
        return hiddenSize;
    }

    /** Returns the size of the state and of a step's output: the hidden size, or what a projection makes of it. */
    public int outputSize() {
        return outputSize;
    }

    /** Returns whether there is a cell state, which an LSTM has and a GRU has not. */
    public boolean hasCell() {
        return cell == Cudnn.CUDNN_LSTM();
    }

    /** Returns whether the hidden state is projected. */
    public boolean projects() {
        return outputSize < hiddenSize;
    }

    /** Returns the number of gates, the candidate among them: 4 of an LSTM, 3 of a GRU. */
    public int gates() {
        return hasCell() ? LSTM_GATES : GRU_GATES;
    }

    /** Returns the number of layers. */
    public int layers() {
        return layers;
    }

    /** Returns how many bytes all weights and biases take, as one block of device memory. */
    public long weightSpaceBytes() {
        MemorySegment size = result();
        CudnnException.check(Cudnn.cudnnGetRNNWeightSpaceSize(dnn.handle(), handle(), size), "cudnnGetRNNWeightSpaceSize");
        return size.get(Cudnn.C_LONG, 0);
    }

    /**
     * Finds a gate's weights, or a projection's ({@code cudnnGetRNNWeightParams}).
     *
     * @param weightSpace a block of {@link #weightSpaceBytes}; it is not read
     * @param layer 0 to {@code layers - 1}
     * @param id of an LSTM 0 to 3 for the matrices that act on the input, 4 to 7 for those on the state, each in the order input
     *     gate, forget gate, cell (g), output gate; 8 for a projection. Of a GRU likewise 0 to 2 and 3 to 5, in the order reset,
     *     update, new
     * @throws CudnnException if layer or id is out of range
     * @throws IllegalArgumentException if the network has no such weights: id 8 without a projection, 6 of a GRU
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
            if (addresses.get(ValueLayout.JAVA_LONG, 0) == 0) {
                throw new IllegalArgumentException("the network has no weights of id " + id + ": it has " + gates() + " gates and "
                        + (projects() ? "a" : "no") + " projection");
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
            long biasAt = biasAddress.get(ValueLayout.JAVA_LONG, 0);
            return new GateWeights(addresses.get(ValueLayout.JAVA_LONG, 0) - weightSpace.address(), rows, columns,
                    biasAt == 0 ? -1 : biasAt - weightSpace.address());
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
