package dev.gatun.host;

import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;

/** An LSTM, projected or not, or a GRU: at one shape of data, with all buffers of a training step, through the generated bindings. */
final class LstmNetwork implements AutoCloseable {
    final int steps;
    final int batch;
    final int input;
    final int hidden;
    final int output;
    final int layers;
    final MemorySegment handle = Cuda.make(Cudnn::cudnnCreate);
    final MemorySegment dropout = Cuda.make(Cudnn::cudnnCreateDropoutDescriptor);
    final MemorySegment rnn = Cuda.make(Cudnn::cudnnCreateRNNDescriptor);
    final MemorySegment xDesc;
    final MemorySegment yDesc;
    final MemorySegment stateDesc;
    final MemorySegment cellDesc;
    final MemorySegment states;
    final long weightBytes;
    final long workspaceBytes;
    final long reserveBytes;
    final MemorySegment x;
    final MemorySegment y;
    final MemorySegment dy;
    final MemorySegment dx;
    final MemorySegment hx;
    final MemorySegment cx;
    final MemorySegment hy;
    final MemorySegment cy;
    final MemorySegment dhx;
    final MemorySegment dcx;
    final MemorySegment weights;
    final MemorySegment dweights;
    final MemorySegment workspace;
    final MemorySegment reserve;

    LstmNetwork(int steps, int batch, int input, int hidden, int layers) {
        this(steps, input, hidden, layers, full(steps, batch), 0);
    }

    LstmNetwork(int steps, int input, int hidden, int layers, int[] lengths, float probability) {
        this(Cudnn.CUDNN_LSTM(), steps, input, hidden, hidden, layers, lengths, probability);
    }

    LstmNetwork(int cell, int steps, int input, int hidden, int output, int layers, int[] lengths, float probability) {
        this.steps = steps;
        this.batch = lengths.length;
        this.input = input;
        this.hidden = hidden;
        this.output = output;
        this.layers = layers;
        long stateBytes = Cuda.getLong(out -> Cudnn.cudnnDropoutGetStatesSize(handle, out));
        states = Cuda.malloc(stateBytes);
        Cuda.ok(Cudnn.cudnnSetDropoutDescriptor(dropout, handle, probability, states, stateBytes, 7));
        Cuda.ok(setRnn(rnn, cell, input, hidden, output, layers, dropout));
        xDesc = data(steps, input, lengths);
        yDesc = data(steps, output, lengths);
        stateDesc = packed(layers, batch, output);
        cellDesc = packed(layers, batch, hidden);
        weightBytes = Cuda.getLong(out -> Cudnn.cudnnGetRNNWeightSpaceSize(handle, rnn, out));
        workspaceBytes = Math.max(Cuda.getLong(out -> Cudnn.cudnnGetRNNTempSpaceSizes(handle, rnn, 0, xDesc, out, Cuda.NULL)),
                Cuda.getLong(out -> Cudnn.cudnnGetRNNTempSpaceSizes(handle, rnn, 1, xDesc, out, Cuda.NULL)));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment work = arena.allocate(ValueLayout.JAVA_LONG);
            reserveBytes = Cuda.getLong(out -> Cudnn.cudnnGetRNNTempSpaceSizes(handle, rnn, 1, xDesc, work, out));
        }
        x = random(1, steps * batch * input);
        y = Cuda.mallocFloats((long) steps * batch * output);
        dy = random(2, steps * batch * output);
        dx = Cuda.mallocFloats((long) steps * batch * input);
        hx = random(3, layers * batch * output);
        cx = random(4, layers * batch * hidden);
        hy = Cuda.mallocFloats((long) layers * batch * output);
        cy = Cuda.mallocFloats((long) layers * batch * hidden);
        dhx = Cuda.mallocFloats((long) layers * batch * output);
        dcx = Cuda.mallocFloats((long) layers * batch * hidden);
        weights = random(5, (int) (weightBytes / Float.BYTES));
        dweights = Cuda.upload(new float[(int) (weightBytes / Float.BYTES)]);
        workspace = Cuda.malloc(workspaceBytes);
        reserve = Cuda.malloc(reserveBytes);
    }

    static int setRnn(MemorySegment rnn, int input, int hidden, int layers, MemorySegment dropout) {
        return setRnn(rnn, Cudnn.CUDNN_LSTM(), input, hidden, hidden, layers, dropout);
    }

    private static int setRnn(MemorySegment rnn, int cell, int input, int hidden, int output, int layers, MemorySegment dropout) {
        return Cudnn.cudnnSetRNNDescriptor_v8(rnn, Cudnn.CUDNN_RNN_ALGO_STANDARD(), cell, Cudnn.CUDNN_RNN_DOUBLE_BIAS(),
                Cudnn.CUDNN_UNIDIRECTIONAL(), Cudnn.CUDNN_LINEAR_INPUT(), Cudnn.CUDNN_DATA_FLOAT(), Cudnn.CUDNN_DATA_FLOAT(),
                Cudnn.CUDNN_FMA_MATH(), input, hidden, output, layers, dropout, Cudnn.CUDNN_RNN_PADDED_IO_ENABLED());
    }

    static MemorySegment data(int steps, int vector, int[] lengths) {
        MemorySegment descriptor = Cuda.make(Cudnn::cudnnCreateRNNDataDescriptor);
        try (Arena arena = Arena.ofConfined()) {
            Cuda.ok(Cudnn.cudnnSetRNNDataDescriptor(descriptor, Cudnn.CUDNN_DATA_FLOAT(), Cudnn.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED(),
                    steps, lengths.length, vector, arena.allocateFrom(ValueLayout.JAVA_INT, lengths),
                    arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0.5f)));
        }
        return descriptor;
    }

    static MemorySegment packed(int... dims) {
        MemorySegment descriptor = Cuda.make(Cudnn::cudnnCreateTensorDescriptor);
        try (Arena arena = Arena.ofConfined()) {
            Cuda.ok(Cudnn.cudnnSetTensorNdDescriptor(descriptor, Cudnn.CUDNN_DATA_FLOAT(), dims.length,
                    arena.allocateFrom(ValueLayout.JAVA_INT, dims),
                    arena.allocateFrom(ValueLayout.JAVA_INT, TensorShape.packedStrides(dims))));
        }
        return descriptor;
    }

    int forward(int mode) {
        return Cudnn.cudnnRNNForward(handle, rnn, mode, Cuda.NULL, xDesc, x, yDesc, y, stateDesc, hx, hy, cellDesc, cx, cy, weightBytes,
                weights, workspaceBytes, workspace, reserveBytes, reserve);
    }

    int train() {
        return forward(Cudnn.CUDNN_FWD_MODE_TRAINING());
    }

    int backwardData() {
        return Cudnn.cudnnRNNBackwardData_v8(handle, rnn, Cuda.NULL, yDesc, y, dy, xDesc, dx, stateDesc, hx, Cuda.NULL, dhx, cellDesc, cx,
                Cuda.NULL, dcx, weightBytes, weights, workspaceBytes, workspace, reserveBytes, reserve);
    }

    int backwardWeights() {
        return Cudnn.cudnnRNNBackwardWeights_v8(handle, rnn, Cudnn.CUDNN_WGRAD_MODE_ADD(), Cuda.NULL, xDesc, x, stateDesc, hx, yDesc, y,
                weightBytes, dweights, workspaceBytes, workspace, reserveBytes, reserve);
    }

    private static int[] full(int steps, int batch) {
        int[] lengths = new int[batch];
        Arrays.fill(lengths, steps);
        return lengths;
    }

    private static MemorySegment random(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(-0.5, 0.5);
        }
        return Cuda.upload(values);
    }

    @Override
    public void close() {
        Cuda.free(states, x, y, dy, dx, hx, cx, hy, cy, dhx, dcx, weights, dweights, workspace, reserve);
        Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(stateDesc));
        Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(cellDesc));
        Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(xDesc));
        Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(yDesc));
        Cuda.ok(Cudnn.cudnnDestroyRNNDescriptor(rnn));
        Cuda.ok(Cudnn.cudnnDestroyDropoutDescriptor(dropout));
        Cuda.ok(Cudnn.cudnnDestroy(handle));
    }
}
