package dev.gatun.tests;

import static dev.gatun.tests.CallRecorder.NULL;
import static dev.gatun.tests.CallRecorder.ints;
import static dev.gatun.tests.CallRecorder.outDouble;
import static dev.gatun.tests.CallRecorder.outFloat;
import static dev.gatun.tests.CallRecorder.outInt;
import static dev.gatun.tests.CallRecorder.outInts;
import static dev.gatun.tests.CallRecorder.outLong;
import static dev.gatun.tests.CallRecorder.outPointer;

import dev.gatun.tests.CallRecorder.Call;
import dev.gatun.tests.CallRecorder.Handle;
import dev.gatun.tests.CallRecorder.Ints;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * cuDNN's descriptors, which live on the host: set to good and bad values, and read back. Each is set but once, as what a
 * refused call leaves behind is not defined.
 *
 * <p>Left out, as NVIDIA's cuDNN 9.24 reads memory that was never set: {@code cudnnGetTensor4dDescriptor} of a tensor that has
 * not four dimensions, {@code cudnnSetTensorNdDescriptorEx} with two dimensions in NHWC, and more sequence lengths asked for than
 * there are. It ends the process on NULL for {@code dimA} or {@code strideA}.
 */
final class CudnnDescriptorCalls {
    private static final int LARGEST_DATA_TYPE = 21;
    private static final int[] ALL_TYPES = IntStream.rangeClosed(-1, LARGEST_DATA_TYPE + 1).toArray();

    /** Float, double, half, int8, bfloat16. */
    private static final int[] SOME_TYPES = {0, 1, 2, 3, 9};

    private final CallRecorder calls;

    CudnnDescriptorCalls(CallRecorder calls) {
        this.calls = calls;
    }

    void run() {
        tensors();
        dropout();
        rnn();
        clips();
        withoutHandle();
        rnnData();
    }

    // Tensors

    private void tensors() {
        for (int type : ALL_TYPES) {
            setNd(type, ints(2, 3, 4), ints(12, 4, 1));
            set4d(0, type, 2, 8, 4, 5);
        }
        setNd(99, ints(2, 3, 4), ints(12, 4, 1));
        for (int rank = 1; rank <= 9; rank++) {
            setNd(0, new Ints(IntStream.generate(() -> 2).limit(rank).toArray()),
                    new Ints(IntStream.range(0, rank).map(i -> 1 << i).toArray()));
        }
        set("cudnnSetTensorNdDescriptor", 0, 0, ints(1), ints(1));
        set("cudnnSetTensorNdDescriptor", 0, -1, ints(1), ints(1));
        int[][][] shapes = {{{2, 0, 4}, {12, 4, 1}}, {{2, -1, 4}, {12, 4, 1}}, {{2, 3, 4}, {12, 0, 1}}, {{2, 1, 4}, {4, 0, 1}},
            {{2, 3, 4}, {-12, 4, 1}}, {{2, 3, 4}, {1, 1, 1}}, {{2, 3, 4}, {1, 2, 6}}, {{2, 3, 4}, {100, 10, 2}},
            {{100000, 100000, 100000}, {1, 1, 1}}, {{1 << 30, 2, 4}, {1, 1, 1}}, {{1, 1, 1}, {0, 0, 0}}};
        for (int[][] shape : shapes) {
            setNd(0, new Ints(shape[0]), new Ints(shape[1]));
        }
        for (int format = -1; format <= 3; format++) {
            for (int[] dims : new int[][] {{2, 3, 4, 5}, {2, 8, 4, 5}, {2, 0, 4, 5}, {1, 1, 1, 1}}) {
                set4d(format, 0, dims);
                set("cudnnSetTensorNdDescriptorEx", format, 0, 4, new Ints(dims));
            }
            for (int rank : new int[] {0, 1, 3, 5, 8, 9}) {
                set("cudnnSetTensorNdDescriptorEx", format, 0, rank, ints(2, 3, 4, 5, 6, 7, 8, 9, 10));
            }
        }
        set("cudnnSetTensorNdDescriptorEx", 0, 0, 2, ints(2, 3));
        set("cudnnSetTensor4dDescriptorEx", 0, 2, 3, 4, 5, 60, 20, 5, 1);
        set("cudnnSetTensor4dDescriptorEx", 0, 2, 3, 4, 5, 60, 1, 15, 3);
        set("cudnnSetTensor4dDescriptorEx", 0, 2, 3, 4, 5, 60, 20, 0, 1);
        set("cudnnSetTensor4dDescriptorEx", 0, 2, 3, 4, -5, 60, 20, 5, 1);
        set("cudnnSetTensor4dDescriptorEx", 99, 2, 3, 4, 5, 60, 20, 5, 1);

        Handle tensor = calls.make("cudnnCreateTensorDescriptor", "tensor");
        calls.sequence(readTensor(tensor));
        calls.call("cudnnGetTensorSizeInBytes", tensor, outLong());
        calls.call("cudnnSetTensorNdDescriptor", tensor, 0, 3, ints(2, 3, 4), ints(12, 4, 1));
        for (int requested : new int[] {-1, 0, 1, 2, 4, 8, 9}) {
            calls.call("cudnnGetTensorNdDescriptor", tensor, requested, outInt(), outInt(), outInts(10), outInts(10));
        }
        calls.call("cudnnSetTensorNdDescriptor", NULL, 0, 3, ints(2, 3, 4), ints(12, 4, 1));
        calls.call("cudnnSetTensor4dDescriptorEx", NULL, 0, 2, 3, 4, 5, 60, 20, 5, 1);
        calls.call("cudnnGetTensorNdDescriptor", NULL, 3, outInt(), outInt(), outInts(3), outInts(3));
        calls.call("cudnnGetTensorSizeInBytes", NULL, outLong());
        calls.call("cudnnDestroyTensorDescriptor", tensor);
    }

    private void setNd(int type, Ints dims, Ints strides) {
        set("cudnnSetTensorNdDescriptor", type, dims.values().length, dims, strides);
    }

    private void set4d(int format, int type, int... dims) {
        set("cudnnSetTensor4dDescriptor", format, type, dims[0], dims[1], dims[2], dims[3]);
    }

    /** Sets a new tensor descriptor, its own argument first, and reads it back. */
    private void set(String function, Object... others) {
        Handle tensor = calls.make("cudnnCreateTensorDescriptor", "tensor");
        Call set = on(tensor, function, others);
        Call size = new Call("cudnnGetTensorSizeInBytes", tensor, outLong());
        if (function.contains("4d")) {
            calls.sequence(set, readTensor(tensor), size, new Call("cudnnGetTensor4dDescriptor", tensor, outInt(), outInt(), outInt(),
                    outInt(), outInt(), outInt(), outInt(), outInt(), outInt()));
        } else {
            calls.sequence(set, readTensor(tensor), size);
        }
        calls.destroy("cudnnDestroyTensorDescriptor", tensor);
    }

    private static Call on(Handle handle, String function, Object... others) {
        return new Call(function, Stream.concat(Stream.of(handle), Stream.of(others)).toArray());
    }

    private static Call readTensor(Handle tensor) {
        return new Call("cudnnGetTensorNdDescriptor", tensor, 8, outInt(), outInt(), outInts(8), outInts(8));
    }

    // Dropout

    private void dropout() {
        Handle dropout = calls.make("cudnnCreateDropoutDescriptor", "dropout");
        for (float probability : new float[] {0, 0.5f, 1, -0.5f, 1.5f}) {
            calls.call("cudnnSetDropoutDescriptor", dropout, NULL, probability, NULL, 0, 1);
            calls.call("cudnnRestoreDropoutDescriptor", dropout, NULL, probability, NULL, 0, 1);
        }
        calls.call("cudnnGetDropoutDescriptor", dropout, NULL, outFloat(), outPointer(), outLong());
        calls.call("cudnnDropoutGetStatesSize", NULL, outLong());
        calls.call("cudnnDestroyDropoutDescriptor", dropout);
    }

    // Recurrent networks

    /** The arguments of cudnnSetRNNDescriptor_v8, at first those of a network that is accepted. */
    private static final class Network {
        int algorithm;
        int cell = 2;
        int bias = 2;
        int direction;
        int inputMode;
        int dataType;
        int mathPrecision;
        int mathType;
        int inputSize = 32;
        int hiddenSize = 64;
        int projectionSize = 64;
        int layers = 2;
        Object dropout = NULL;
        int flags = 1;

        Call set(Object rnn) {
            return new Call("cudnnSetRNNDescriptor_v8", rnn, algorithm, cell, bias, direction, inputMode, dataType, mathPrecision, mathType,
                    inputSize, hiddenSize, projectionSize, layers, dropout, flags);
        }
    }

    private interface Change {
        void apply(Network network, int value);
    }

    private void rnn() {
        change((n, v) -> n.algorithm = v, -1, 0, 1, 2, 3, 4, 99);
        change((n, v) -> n.cell = v, -1, 0, 1, 2, 3, 4);
        change((n, v) -> n.bias = v, -1, 0, 1, 2, 3, 4);
        change((n, v) -> n.direction = v, -1, 0, 1, 2);
        change((n, v) -> n.inputMode = v, -1, 0, 1, 2);
        change((n, v) -> n.mathType = v, -1, 0, 1, 2, 3, 4);
        change((n, v) -> n.inputSize = v, Integer.MIN_VALUE, -1, 0, 1, 7, 100000, Integer.MAX_VALUE);
        change((n, v) -> n.hiddenSize = n.projectionSize = v, -1, 0, 1, 7, 4096, 100000, Integer.MAX_VALUE);
        change((n, v) -> n.hiddenSize = v, -1, 0, 1, 63, 65);
        change((n, v) -> n.projectionSize = v, -1, 0, 1, 63, 64, 65);
        change((n, v) -> n.layers = v, -1, 0, 1, 100, 1000);
        change((n, v) -> n.flags = v, -1, 0, 1, 2, 3, 1 << 30);
        int[] precisions = IntStream.rangeClosed(-1, 9).toArray();
        change((n, v) -> n.dataType = v, ALL_TYPES, (n, v) -> n.mathPrecision = v, precisions);
        for (int algorithm = 1; algorithm <= 3; algorithm++) {
            int persistent = algorithm;
            change((n, v) -> {
                n.algorithm = persistent;
                n.dataType = v;
            }, SOME_TYPES, (n, v) -> n.mathPrecision = v, SOME_TYPES);
        }
        int[] projections = {0, 1, 32, 64, 65};
        change((n, v) -> n.algorithm = v, new int[] {0, 1, 2, 3}, (n, v) -> n.projectionSize = v, projections);
        change((n, v) -> n.cell = v, new int[] {0, 1, 2, 3}, (n, v) -> n.projectionSize = v, projections);
        change((n, v) -> n.direction = v, new int[] {0, 1}, (n, v) -> n.projectionSize = v, projections);
        change((n, v) -> n.cell = v, new int[] {0, 1, 2, 3}, (n, v) -> n.bias = v, 0, 1, 2, 3);
        change((n, v) -> n.cell = v, new int[] {0, 1, 2, 3}, (n, v) -> n.algorithm = v, 1, 2, 3);
        change((n, v) -> n.cell = v, new int[] {0, 1, 2, 3}, (n, v) -> n.dataType = n.mathPrecision = v, SOME_TYPES);
        change((n, v) -> n.algorithm = v, new int[] {0, 1, 2, 3}, (n, v) -> n.direction = v, 0, 1);
        change((n, v) -> n.mathType = v, new int[] {0, 1, 2, 3}, (n, v) -> n.dataType = n.mathPrecision = v, SOME_TYPES);
        change((n, v) -> n.inputMode = v, new int[] {0, 1}, (n, v) -> n.inputSize = v, 32, 64);
        // Two wrong things at once: the first that is found gives the status.
        change((n, v) -> n.flags = v, new int[] {1, 2}, (n, v) -> n.projectionSize = v, 0, 65);
        change((n, v) -> n.dataType = v, new int[] {3, -1}, (n, v) -> n.hiddenSize = v, 0, 32);
        change((n, v) -> n.algorithm = v, new int[] {1, 4}, (n, v) -> n.projectionSize = v, 0, 32);
        change((n, v) -> n.mathPrecision = v, new int[] {1, 3}, (n, v) -> n.layers = v, 0, 2);

        Handle rnn = calls.make("cudnnCreateRNNDescriptor", "rnn");
        Handle dropout = calls.make("cudnnCreateDropoutDescriptor", "dropout");
        calls.sequence(readRnn(rnn));
        calls.call("cudnnRNNGetClip_v9", rnn, outInt(), outDouble(), outDouble());
        calls.call("cudnnRNNSetClip_v9", rnn, 1, -1.0, 1.0);
        calls.sequence(new Network().set(NULL));
        Network dropping = new Network();
        dropping.dropout = dropout;
        calls.sequence(dropping.set(rnn), readRnn(rnn));
        calls.sequence(new Network().set(rnn), readRnn(rnn));
        calls.call("cudnnGetRNNDescriptor_v8", rnn, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        calls.call("cudnnGetRNNDescriptor_v8", NULL, outInt(), outInt(), outInt(), outInt(), outInt(), outInt(), outInt(), outInt(),
                outInt(), outInt(), outInt(), outInt(), outPointer(), outInt());
        calls.call("cudnnDestroyRNNDescriptor", rnn);
        calls.call("cudnnDestroyDropoutDescriptor", dropout);
    }

    private void change(Change change, int... values) {
        change(change, values, (n, v) -> {}, 0);
    }

    private void change(Change first, int[] firstValues, Change second, int... secondValues) {
        for (int a : firstValues) {
            for (int b : secondValues) {
                Network network = new Network();
                first.apply(network, a);
                second.apply(network, b);
                Handle rnn = calls.make("cudnnCreateRNNDescriptor", "rnn");
                calls.sequence(network.set(rnn), readRnn(rnn));
                calls.destroy("cudnnDestroyRNNDescriptor", rnn);
            }
        }
    }

    private static Call readRnn(Handle rnn) {
        return new Call("cudnnGetRNNDescriptor_v8", rnn, outInt(), outInt(), outInt(), outInt(), outInt(), outInt(), outInt(), outInt(),
                outInt(), outInt(), outInt(), outInt(), outPointer(), outInt());
    }

    private void clips() {
        Handle rnn = calls.make("cudnnCreateRNNDescriptor", "rnn");
        calls.sequence(new Network().set(rnn));
        double[][] ranges = {{-1, 1}, {0, 0}, {1, 1}, {2, 1}, {-3, -2}, {Double.NaN, 1}, {0, Double.NaN},
            {Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY}};
        for (int mode = -1; mode <= 2; mode++) {
            for (double[] range : ranges) {
                calls.sequence(new Call("cudnnRNNSetClip_v9", rnn, mode, range[0], range[1]),
                        new Call("cudnnRNNGetClip_v9", rnn, outInt(), outDouble(), outDouble()));
            }
            for (int nan = -1; nan <= 2; nan++) {
                calls.sequence(new Call("cudnnRNNSetClip_v8", rnn, mode, nan, -2.0, 2.0),
                        new Call("cudnnRNNGetClip_v8", rnn, outInt(), outInt(), outDouble(), outDouble()));
            }
        }
        calls.call("cudnnRNNSetClip_v9", NULL, 1, -1.0, 1.0);
        calls.call("cudnnRNNSetClip_v8", NULL, 1, 0, -1.0, 1.0);
        calls.call("cudnnRNNGetClip_v9", NULL, outInt(), outDouble(), outDouble());
        calls.call("cudnnRNNGetClip_v9", rnn, NULL, NULL, NULL);
        calls.destroy("cudnnDestroyRNNDescriptor", rnn);
    }

    /** What needs a handle, with all but the handle in order. */
    private void withoutHandle() {
        Handle rnn = calls.make("cudnnCreateRNNDescriptor", "rnn");
        Handle data = calls.make("cudnnCreateRNNDataDescriptor", "data");
        Handle tensor = calls.make("cudnnCreateTensorDescriptor", "tensor");
        calls.sequence(new Network().set(rnn));
        calls.call("cudnnSetRNNDataDescriptor", data, 0, 0, 5, 3, 32, ints(5, 5, 5), NULL);
        calls.call("cudnnGetRNNWeightSpaceSize", NULL, rnn, outLong());
        calls.call("cudnnGetRNNTempSpaceSizes", NULL, rnn, 1, data, outLong(), outLong());
        calls.call("cudnnGetRNNWeightParams", NULL, rnn, 0, 0, NULL, 0, tensor, outPointer(), tensor, outPointer());
        calls.call("cudnnRNNForward", NULL, rnn, 1, NULL, data, NULL, data, NULL, tensor, NULL, NULL, tensor, NULL, NULL, 0, NULL, 0, NULL,
                0, NULL);
        calls.call("cudnnRNNBackwardData_v8", NULL, rnn, NULL, data, NULL, NULL, data, NULL, tensor, NULL, NULL, NULL, tensor, NULL, NULL,
                NULL, 0, NULL, 0, NULL, 0, NULL);
        calls.call("cudnnRNNBackwardWeights_v8", NULL, rnn, 0, NULL, data, NULL, tensor, NULL, data, NULL, 0, NULL, 0, NULL, 0, NULL);
        calls.destroy("cudnnDestroyTensorDescriptor", tensor);
        calls.destroy("cudnnDestroyRNNDataDescriptor", data);
        calls.destroy("cudnnDestroyRNNDescriptor", rnn);
    }

    // Sequences

    private void rnnData() {
        for (int type : ALL_TYPES) {
            setData(type, 0, 5, 3, 4, ints(5, 5, 5), NULL);
            setData(type, 7, 5, 3, 4, ints(5, 5, 5), NULL);
            setData(type, 0, 0, 3, 4, ints(5, 5, 5), NULL);
        }
        for (int layout = -1; layout <= 3; layout++) {
            for (int type : SOME_TYPES) {
                setData(type, layout, 5, 3, 4, ints(5, 3, 1), NULL);
                setData(type, layout, 5, 3, 4, ints(5, 5, 5), ints(0x3FC03FC0, 0x3FF80000));
            }
            int[][] lengths = {{5, 5, 5}, {5, 3, 1}, {1, 5, 0}, {0, 0, 0}, {3, 2, 1}, {5, -1, 5}, {5, 6, 5}, {6, 5, 5}, {5, 1, 3},
                {5, 3, 0}, {5, 5, Integer.MIN_VALUE}};
            for (int[] sequences : lengths) {
                setData(0, layout, 5, 3, 4, new Ints(sequences), NULL);
            }
            setData(0, layout, 5, 3, 4, NULL, NULL);
        }
        int max = Integer.MAX_VALUE;
        for (int[] sizes : new int[][] {{0, 3, 4}, {-1, 3, 4}, {5, 0, 4}, {5, -1, 4}, {5, 3, 0}, {5, 3, -1}, {1, 3, 4}, {5, 3, 1},
            {max, 3, 4}, {max, 1, 1}, {5, 3, max}, {65535, 3, 1}, {65536, 3, 1}}) {
            setData(0, 0, sizes[0], sizes[1], sizes[2], ints(1, 1, 1), NULL);
        }
        Handle data = calls.make("cudnnCreateRNNDataDescriptor", "data");
        calls.call("cudnnGetRNNDataDescriptor", data, outInt(), outInt(), outInt(), outInt(), outInt(), 0, outInts(3),
                outInts(2));
        calls.call("cudnnSetRNNDataDescriptor", data, 0, 0, 5, 3, 4, ints(5, 2, 3), NULL);
        for (int requested : new int[] {-1, 0, 1, 2}) {
            calls.call("cudnnGetRNNDataDescriptor", data, outInt(), outInt(), outInt(), outInt(), outInt(), requested, outInts(3),
                    outInts(2));
        }
        calls.call("cudnnGetRNNDataDescriptor", data, outInt(), outInt(), outInt(), outInt(), outInt(), 0, NULL, outInts(2));
        calls.call("cudnnGetRNNDataDescriptor", NULL, outInt(), outInt(), outInt(), outInt(), outInt(), 0, NULL, outInts(2));
        calls.call("cudnnSetRNNDataDescriptor", NULL, 0, 0, 5, 3, 4, ints(5, 5, 5), NULL);
        calls.call("cudnnDestroyRNNDataDescriptor", data);
    }

    private void setData(int type, int layout, int steps, int batch, int vector, Object lengths, Object fill) {
        Handle data = calls.make("cudnnCreateRNNDataDescriptor", "data");
        calls.sequence(new Call("cudnnSetRNNDataDescriptor", data, type, layout, steps, batch, vector, lengths, fill), readData(data));
        calls.destroy("cudnnDestroyRNNDataDescriptor", data);
    }

    private static Call readData(Handle data) {
        return new Call("cudnnGetRNNDataDescriptor", data, outInt(), outInt(), outInt(), outInt(), outInt(), 1, outInts(3), outInts(2));
    }
}
