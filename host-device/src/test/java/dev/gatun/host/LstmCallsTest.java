package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import dev.gatun.host.compute.Lstm;
import dev.gatun.host.compute.ReferenceGru;
import dev.gatun.host.compute.ReferenceLstm;
import dev.gatun.host.compute.ReferenceRnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LstmCallsTest {
    private static final int[] LENGTHS = {4, 2, 3};

    /**
     * Sums here have at most some fifty terms below 1 in magnitude, rounded in single precision (2^-24 each), and pass through
     * 4 steps and 2 layers: 50 * 8 * 2^-24.
     */
    private static final double TOLERANCE = 400 * 0x1p-24;

    /** What the padding of y is filled with, as {@link LstmNetwork#data} sets it. */
    private static final float FILL = 0.5f;

    private static double[] doubles(MemorySegment device, int count) {
        float[] floats = Cuda.download(device, count);
        double[] doubles = new double[count];
        Arrays.setAll(doubles, i -> floats[i]);
        return doubles;
    }

    private static void assertClose(double[] expected, MemorySegment device, String what) {
        assertArrayEquals(expected, doubles(device, expected.length), TOLERANCE, what);
    }

    private static int weights(LstmNetwork net) {
        return (int) (net.weightBytes / Float.BYTES);
    }

    private static ReferenceLstm reference(LstmNetwork net, int[] lengths) {
        int state = net.layers * net.batch * net.output;
        int cell = net.layers * net.batch * net.hidden;
        return new ReferenceLstm(new Lstm.Shape(net.steps, net.batch, net.input, net.hidden, net.output, net.layers, lengths),
                doubles(net.weights, weights(net)), doubles(net.x, net.steps * net.batch * net.input), doubles(net.hx, state),
                doubles(net.cx, cell), doubles(net.dy, net.steps * net.batch * net.output), new double[0], new double[0]);
    }

    @Test
    void aTrainingStepAgreesWithAPlainDoublePrecisionLstm() {
        try (LstmNetwork net = new LstmNetwork(4, 5, 6, 2, LENGTHS, 0)) {
            assertAgrees(net, reference(net, LENGTHS), true);
        }
    }

    @Test
    void aTrainingStepWithAProjectionAgreesToo() {
        try (LstmNetwork net = new LstmNetwork(Cudnn.CUDNN_LSTM(), 4, 5, 6, 4, 2, LENGTHS, 0)) {
            assertAgrees(net, reference(net, LENGTHS), true);
        }
    }

    /** The cell states that are passed here are read and written by an LSTM only. */
    @Test
    void aTrainingStepOfAGruAgreesToo() {
        try (LstmNetwork net = new LstmNetwork(Cudnn.CUDNN_GRU(), 4, 5, 6, 6, 2, LENGTHS, 0)) {
            double[] cy = doubles(net.cy, 2 * 3 * 6);
            int state = net.layers * net.batch * net.hidden;
            assertAgrees(net, new ReferenceGru(new Lstm.Shape(4, 3, 5, 6, 2, LENGTHS), doubles(net.weights, weights(net)),
                    doubles(net.x, 4 * 3 * 5), doubles(net.hx, state), doubles(net.dy, 4 * 3 * 6), new double[0]), false);
            assertArrayEquals(cy, doubles(net.cy, 2 * 3 * 6));
        }
    }

    private static void assertAgrees(LstmNetwork net, ReferenceRnn expected, boolean cells) {
        Cuda.ok(net.train());
        double[] y = expected.y.clone();
        for (int n = 0; n < LENGTHS.length; n++) {
            for (int t = LENGTHS[n]; t < 4; t++) {
                int row = (t * LENGTHS.length + n) * net.output;
                Arrays.fill(y, row, row + net.output, FILL);
            }
        }
        assertClose(y, net.y, "y, its padding filled as the descriptor says");
        assertClose(expected.hy, net.hy, "hy");
        if (cells) {
            assertClose(expected.cy, net.cy, "cy");
        }
        Cuda.ok(net.backwardData());
        assertClose(expected.dx, net.dx, "dx");
        assertClose(expected.dhx, net.dhx, "dhx");
        if (cells) {
            assertClose(expected.dcx, net.dcx, "dcx");
        }
        Cuda.ok(net.backwardWeights());
        assertClose(expected.dweights, net.dweights, "dweights");
        Cuda.ok(net.backwardWeights());
        double[] twice = Arrays.stream(expected.dweights).map(gradient -> 2 * gradient).toArray();
        assertArrayEquals(twice, doubles(net.dweights, twice.length), 2 * TOLERANCE, "gradients are added");
    }

    @Test
    void inferenceComputesTheSameOutputs() {
        try (LstmNetwork net = new LstmNetwork(4, 5, 6, 2, LENGTHS, 0)) {
            Cuda.ok(net.train());
            float[] y = Cuda.download(net.y, 4 * 3 * 6);
            Cuda.ok(Cudart.cudaMemset(net.y, 0, 4 * 4 * 3 * 6));
            Cuda.ok(net.forward(Cudnn.CUDNN_FWD_MODE_INFERENCE()));
            assertArrayEquals(y, Cuda.download(net.y, 4 * 3 * 6));
        }
    }

    @Test
    void statesMayBeNull() {
        try (LstmNetwork net = new LstmNetwork(4, 3, 5, 6, 1)) {
            Cuda.ok(Cudart.cudaMemset(net.hx, 0, 4 * 3 * 6));
            Cuda.ok(Cudart.cudaMemset(net.cx, 0, 4 * 3 * 6));
            Cuda.ok(net.train());
            float[] y = Cuda.download(net.y, 4 * 3 * 6);
            Cuda.ok(Cudnn.cudnnRNNForward(net.handle, net.rnn, 1, Cuda.NULL, net.xDesc, net.x, net.yDesc, net.y, Cuda.NULL, Cuda.NULL,
                    Cuda.NULL, Cuda.NULL, Cuda.NULL, Cuda.NULL, net.weightBytes, net.weights, net.workspaceBytes, net.workspace,
                    net.reserveBytes, net.reserve));
            assertArrayEquals(y, Cuda.download(net.y, 4 * 3 * 6));
        }
    }

    /** The layout that cuDNN 9.24 was observed to use: all matrices, then all biases; nothing between. */
    @Test
    void weightsLieDenseInTheObservedOrder() {
        try (LstmNetwork net = new LstmNetwork(1, 1, 32, 64, 2); Arena arena = Arena.ofConfined()) {
            assertEquals(233_472, net.weightBytes);
            MemorySegment matrix = Cuda.make(Cudnn::cudnnCreateTensorDescriptor);
            MemorySegment bias = Cuda.make(Cudnn::cudnnCreateTensorDescriptor);
            MemorySegment mAddress = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment bAddress = arena.allocate(ValueLayout.JAVA_LONG);
            long matrixAt = net.weights.address();
            long biasAt = net.weights.address() + 229_376;
            for (int layer = 0; layer < 2; layer++) {
                for (int id = 0; id < 8; id++) {
                    Cuda.ok(Cudnn.cudnnGetRNNWeightParams(net.handle, net.rnn, layer, net.weightBytes, net.weights, id, matrix, mAddress,
                            bias, bAddress));
                    int width = layer == 0 && id < 4 ? 32 : 64;
                    assertEquals(matrixAt, mAddress.get(ValueLayout.JAVA_LONG, 0));
                    assertEquals(biasAt, bAddress.get(ValueLayout.JAVA_LONG, 0));
                    assertShape(matrix, arena, 1, 64, width);
                    assertShape(bias, arena, 1, 64, 1);
                    matrixAt += 4L * 64 * width;
                    biasAt += 4L * 64;
                }
            }
            Cuda.ok(Cudnn.cudnnGetRNNWeightParams(net.handle, net.rnn, 0, net.weightBytes, net.weights, 8, matrix, mAddress, Cuda.NULL,
                    Cuda.NULL));
            assertEquals(0, mAddress.get(ValueLayout.JAVA_LONG, 0), "there is no projection");
            assertShape(matrix, arena);
            Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(matrix));
            Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(bias));
        }
    }

    /** As cuDNN 9.24 was observed to answer: offsets in bytes, -1 for what there is not. */
    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "2; 3; 2184; 1; 8; 1652; -1; 1 3 7", "2; 3; 2184; 1; 3; 1232; 2044; 1 7 3", "2; 3; 2184; 0; 4; 560; 1848; 1 7 3",
        "2; 7; 3360; 0; 8; -1; -1; ''", "3; 7; 2520; 0; 2; 280; 2240; 1 7 5", "3; 7; 2520; 0; 3; 420; 2268; 1 7 7",
        "3; 7; 2520; 1; 5; 1988; 2492; 1 7 7", "3; 7; 2520; 1; 6; -1; -1; ''"})
    void weightsOfProjectionsAndGrusLieDenseToo(int cell, int output, long bytes, int layer, int id, long matrixAt, long biasAt,
            String shape) {
        try (LstmNetwork net = new LstmNetwork(cell, 1, 5, 7, output, 2, new int[] {1}, 0); Arena arena = Arena.ofConfined()) {
            assertEquals(bytes, net.weightBytes);
            MemorySegment matrix = Cuda.make(Cudnn::cudnnCreateTensorDescriptor);
            MemorySegment bias = Cuda.make(Cudnn::cudnnCreateTensorDescriptor);
            MemorySegment mAddress = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment bAddress = arena.allocate(ValueLayout.JAVA_LONG);
            Cuda.ok(Cudnn.cudnnGetRNNWeightParams(net.handle, net.rnn, layer, net.weightBytes, net.weights, id, matrix, mAddress, bias,
                    bAddress));
            assertEquals(matrixAt < 0 ? 0 : net.weights.address() + matrixAt, mAddress.get(ValueLayout.JAVA_LONG, 0));
            assertEquals(biasAt < 0 ? 0 : net.weights.address() + biasAt, bAddress.get(ValueLayout.JAVA_LONG, 0));
            assertShape(matrix, arena, Arrays.stream(shape.split(" ")).filter(size -> !size.isEmpty()).mapToInt(Integer::parseInt)
                    .toArray());
            assertShape(bias, arena, biasAt < 0 ? new int[0] : new int[] {1, 7, 1});
            int behind = cell == Cudnn.CUDNN_GRU() ? 7 : 9;
            assertEquals(2000, Cudnn.cudnnGetRNNWeightParams(net.handle, net.rnn, layer, net.weightBytes, net.weights, behind, matrix,
                    mAddress, bias, bAddress));
            Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(matrix));
            Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(bias));
        }
    }

    private static void assertShape(MemorySegment descriptor, Arena arena, int... expected) {
        MemorySegment rank = arena.allocate(ValueLayout.JAVA_INT);
        MemorySegment dims = arena.allocate(ValueLayout.JAVA_INT, 3);
        MemorySegment strides = arena.allocate(ValueLayout.JAVA_INT, 3);
        Cuda.ok(Cudnn.cudnnGetTensorNdDescriptor(descriptor, 3, arena.allocate(4), rank, dims, strides));
        assertEquals(expected.length, rank.get(ValueLayout.JAVA_INT, 0));
        assertArrayEquals(expected, Arrays.copyOf(dims.toArray(ValueLayout.JAVA_INT), expected.length));
        assertArrayEquals(TensorShape.packedStrides(expected), Arrays.copyOf(strides.toArray(ValueLayout.JAVA_INT), expected.length));
    }

    /** The state of the generator is in device memory: copying it back repeats a mask, going on gives another. */
    @Test
    void dropoutAdvancesWithEachTrainingForwardAndIsRepeatedFromItsState() {
        try (LstmNetwork net = new LstmNetwork(4, 5, 24, 2, LENGTHS, 0.5f)) {
            MemorySegment saved = Cuda.malloc(256);
            Cuda.ok(Cudart.cudaMemcpy(saved, net.states, 256, 3));
            float[] first = forward(net, Cudnn.CUDNN_FWD_MODE_TRAINING());
            float[] second = forward(net, Cudnn.CUDNN_FWD_MODE_TRAINING());
            assertFalse(Arrays.equals(first, second), "each forward drops other elements");
            float[] inference = forward(net, Cudnn.CUDNN_FWD_MODE_INFERENCE());
            assertArrayEquals(inference, forward(net, Cudnn.CUDNN_FWD_MODE_INFERENCE()), "inference drops nothing");
            Cuda.ok(Cudart.cudaMemcpy(net.states, saved, 256, 3));
            Cuda.ok(Cudnn.cudnnRestoreDropoutDescriptor(net.dropout, net.handle, 0.5f, net.states, 256, 7));
            assertArrayEquals(first, forward(net, Cudnn.CUDNN_FWD_MODE_TRAINING()));
            Cuda.ok(Cudnn.cudnnSetDropoutDescriptor(net.dropout, net.handle, 0.5f, net.states, 256, 7));
            assertArrayEquals(first, forward(net, Cudnn.CUDNN_FWD_MODE_TRAINING()), "the same seed begins anew");
            Cuda.free(saved);
        }
    }

    private static float[] forward(LstmNetwork net, int mode) {
        Cuda.ok(net.forward(mode));
        return Cuda.download(net.y, net.steps * net.batch * net.hidden);
    }
}
