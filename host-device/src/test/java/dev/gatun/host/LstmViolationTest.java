package dev.gatun.host;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Mistakes around cuDNN's recurrent networks that a GPU answers with wrong numbers; checked mode answers with the rule. */
class LstmViolationTest {
    private static final int BAD_PARAM = 2000;
    private static final int NOT_SUPPORTED = 3000;
    private static final int EXECUTION_FAILED = 5000;
    private static final int TRAINING = 1;

    private final LstmNetwork net = new LstmNetwork(4, 3, 5, 6, 2);

    @AfterEach
    void close() {
        net.close();
    }

    private int forward(MemorySegment x, MemorySegment hDesc, long weightBytes, long workspaceBytes, long reserveBytes,
            MemorySegment reserve) {
        return Cudnn.cudnnRNNForward(net.handle, net.rnn, TRAINING, Cuda.NULL, net.xDesc, x, net.yDesc, net.y, hDesc, net.hx, net.hy,
                net.stateDesc, net.cx, net.cy, weightBytes, net.weights, workspaceBytes, net.workspace, reserveBytes, reserve);
    }

    private int forward(MemorySegment x) {
        return forward(x, net.stateDesc, net.weightBytes, net.workspaceBytes, net.reserveBytes, net.reserve);
    }

    private int forwardWithState(MemorySegment hDesc) {
        return forward(net.x, hDesc, net.weightBytes, net.workspaceBytes, net.reserveBytes, net.reserve);
    }

    private int forward(long weightBytes, long workspaceBytes, long reserveBytes, MemorySegment reserve) {
        return forward(net.x, net.stateDesc, weightBytes, workspaceBytes, reserveBytes, reserve);
    }

    @Test
    void aHostPointerForX() {
        try (Arena arena = Arena.ofConfined()) {
            Cuda.refused(EXECUTION_FAILED, forward(arena.allocate(4096, 16)), "cudnnRNNForward", "x ", "host pointer");
        }
    }

    @Test
    void xIsTooShort() {
        MemorySegment last = Cuda.plus(net.x, 4);
        Cuda.refused(EXECUTION_FAILED, forward(last), "cudnnRNNForward", "x needs 240 bytes", "236");
    }

    @Test
    void xWasFreed() {
        MemorySegment x = Cuda.malloc(240);
        Cuda.free(x);
        Cuda.refused(EXECUTION_FAILED, forward(x), "cudnnRNNForward", "x ", "freed before");
    }

    @Test
    void xIsNull() {
        Cuda.refused(BAD_PARAM, forward(Cuda.NULL), "cudnnRNNForward", "x is NULL");
    }

    @Test
    void sizesBelowTheQueriedOnes() {
        Cuda.refused(BAD_PARAM, forward(net.weightBytes - 4, net.workspaceBytes, net.reserveBytes, net.reserve), "cudnnRNNForward",
                "weightSpace has", "needs " + net.weightBytes);
        Cuda.refused(BAD_PARAM, forward(net.weightBytes, 4, net.reserveBytes, net.reserve), "cudnnRNNForward",
                "workSpace has 4 bytes", "this shape needs");
        Cuda.refused(BAD_PARAM, forward(net.weightBytes, net.workspaceBytes, net.reserveBytes - 1, net.reserve), "cudnnRNNForward",
                "reserveSpace has", "needs " + net.reserveBytes);
    }

    @Test
    void theReserveIsShorterThanItsSizeSays() {
        Cuda.refused(EXECUTION_FAILED, forward(net.weightBytes, net.workspaceBytes, net.reserveBytes, Cuda.plus(net.reserve, 64)),
                "cudnnRNNForward", "reserveSpace needs " + net.reserveBytes);
    }

    @Test
    void aStateWithoutItsDescriptor() {
        Cuda.refused(BAD_PARAM, forwardWithState(Cuda.NULL), "cudnnRNNForward", "hDesc is NULL");
    }

    @Test
    void aStateDescriptorOfAnotherShape() {
        MemorySegment other = LstmNetwork.packed(2, 3, 5);
        Cuda.refused(BAD_PARAM, forwardWithState(other), "cudnnRNNForward", "hDesc is {", "{2, 3, 6}");
        Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(other));
    }

    @Test
    void aDescriptorOfTheWrongKind() {
        Cuda.refused(BAD_PARAM, forwardWithState(net.xDesc), "cudnnRNNForward",
                "hDesc is an RNN data descriptor; expected a tensor descriptor");
    }

    @Test
    void aDescriptorThatWasNeverSet() {
        MemorySegment rnn = Cuda.make(Cudnn::cudnnCreateRNNDescriptor);
        try (Arena arena = Arena.ofConfined()) {
            Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNWeightSpaceSize(net.handle, rnn, arena.allocate(8)), "cudnnGetRNNWeightSpaceSize",
                    "rnnDesc was created but never set");
        }
        Cuda.ok(Cudnn.cudnnDestroyRNNDescriptor(rnn));
    }

    @Test
    void aDescriptorThatWasDestroyed() {
        MemorySegment data = LstmNetwork.data(4, 5, new int[] {4, 4, 4});
        Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(data));
        try (Arena arena = Arena.ofConfined()) {
            Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNTempSpaceSizes(net.handle, net.rnn, 1, data, arena.allocate(8), Cuda.NULL),
                    "cudnnGetRNNTempSpaceSizes", "xDesc is an RNN data descriptor that was destroyed before");
        }
    }

    @Test
    void xOfAnotherWidthThanTheNetwork() {
        try (Arena arena = Arena.ofConfined()) {
            Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNTempSpaceSizes(net.handle, net.rnn, 1, net.yDesc, arena.allocate(8), Cuda.NULL),
                    "cudnnGetRNNTempSpaceSizes", "xDesc has vectorSize 6; expected 5");
        }
    }

    @Test
    void sequencesOfXAndYDiffer() {
        MemorySegment other = LstmNetwork.data(4, 6, new int[] {4, 4, 3});
        Cuda.refused(BAD_PARAM, Cudnn.cudnnRNNForward(net.handle, net.rnn, TRAINING, Cuda.NULL, net.xDesc, net.x, other, net.y,
                net.stateDesc, net.hx, net.hy, net.stateDesc, net.cx, net.cy, net.weightBytes, net.weights, net.workspaceBytes,
                net.workspace, net.reserveBytes, net.reserve), "cudnnRNNForward", "xDesc and yDesc");
        Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(other));
    }

    @Test
    void lengthsOnTheDevice() {
        Cuda.refused(BAD_PARAM, Cudnn.cudnnRNNForward(net.handle, net.rnn, TRAINING, net.x, net.xDesc, net.x, net.yDesc, net.y,
                net.stateDesc, net.hx, net.hy, net.stateDesc, net.cx, net.cy, net.weightBytes, net.weights, net.workspaceBytes,
                net.workspace, net.reserveBytes, net.reserve), "cudnnRNNForward", "devSeqLengths must be NULL");
    }

    @Test
    void anUnpackedLayoutWithoutPaddedIo() {
        Cuda.ok(Cudnn.cudnnSetRNNDescriptor_v8(net.rnn, 0, 2, 2, 0, 0, 0, 0, 3, 5, 6, 6, 2, net.dropout, 0));
        Cuda.refused(BAD_PARAM, net.train(), "cudnnRNNForward", "CUDNN_RNN_PADDED_IO_ENABLED");
    }

    @Test
    void anEmptySequence() {
        MemorySegment data = LstmNetwork.data(4, 5, new int[] {4, 4, 0});
        try (Arena arena = Arena.ofConfined()) {
            Cuda.refused(NOT_SUPPORTED, Cudnn.cudnnGetRNNTempSpaceSizes(net.handle, net.rnn, 1, data, arena.allocate(8), Cuda.NULL),
                    "cudnnGetRNNTempSpaceSizes", "length 0");
        }
        Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(data));
    }

    @Test
    void aNetworkThatIsNotComputed() {
        Cuda.ok(Cudnn.cudnnSetRNNDescriptor_v8(net.rnn, 0, 3, 2, 0, 0, 0, 0, 3, 5, 6, 6, 2, net.dropout, 1));
        Cuda.refused(NOT_SUPPORTED, net.train(), "cudnnRNNForward", "LSTM");
    }

    @Test
    void backwardWithoutForward() {
        Cuda.refused(BAD_PARAM, net.backwardData(), "cudnnRNNBackwardData_v8", "not filled by a cudnnRNNForward");
    }

    @Test
    void backwardAfterInference() {
        Cuda.ok(net.forward(Cudnn.CUDNN_FWD_MODE_INFERENCE()));
        Cuda.refused(BAD_PARAM, net.backwardData(), "cudnnRNNBackwardData_v8", "in training mode");
    }

    @Test
    void weightGradientBeforeDataGradient() {
        Cuda.ok(net.train());
        Cuda.refused(BAD_PARAM, net.backwardWeights(), "cudnnRNNBackwardWeights_v8", "cudnnRNNBackwardData_v8 must come first");
    }

    @Test
    void aReserveUsedTwice() {
        Cuda.ok(net.train());
        Cuda.ok(net.backwardData());
        Cuda.refused(BAD_PARAM, net.backwardData(), "cudnnRNNBackwardData_v8", "needs a cudnnRNNForward of its own");
    }

    @Test
    void aReserveThatTheProgramWroteTo() {
        Cuda.ok(net.train());
        Cuda.ok(Cudart.cudaMemset(net.reserve, 0, net.reserveBytes));
        Cuda.refused(BAD_PARAM, net.backwardData(), "cudnnRNNBackwardData_v8", "not filled by a cudnnRNNForward");
    }

    @Test
    void theReserveOfAnotherShape() {
        Cuda.ok(net.train());
        try (LstmNetwork other = new LstmNetwork(3, 3, 5, 6, 2)) {
            Cuda.refused(BAD_PARAM, Cudnn.cudnnRNNBackwardData_v8(other.handle, other.rnn, Cuda.NULL, other.yDesc, other.y, other.dy,
                    other.xDesc, other.dx, other.stateDesc, other.hx, Cuda.NULL, other.dhx, other.stateDesc, other.cx, Cuda.NULL, other.dcx,
                    other.weightBytes, other.weights, other.workspaceBytes, other.workspace, net.reserveBytes, net.reserve),
                    "cudnnRNNBackwardData_v8", "another shape");
        }
    }

    @Test
    void buffersThatChangedBeforeTheBackwardCalls() {
        Cuda.ok(net.train());
        Cuda.ok(Cudart.cudaMemcpy(net.hx, net.hy, 4 * 2 * 3 * 6, 3));
        Cuda.refused(BAD_PARAM, net.backwardData(), "cudnnRNNBackwardData_v8", "hx does not hold");
        Cuda.ok(net.train());
        Cuda.ok(Cudart.cudaMemset(net.y, 0, 4));
        Cuda.refused(BAD_PARAM, net.backwardData(), "cudnnRNNBackwardData_v8", "y does not hold");
        Cuda.ok(net.train());
        Cuda.ok(Cudart.cudaMemset(net.cx, 0, 4));
        Cuda.refused(BAD_PARAM, net.backwardData(), "cudnnRNNBackwardData_v8", "cx does not hold");
        Cuda.ok(net.train());
        Cuda.ok(Cudart.cudaMemset(net.weights, 0, 4));
        Cuda.refused(BAD_PARAM, net.backwardData(), "cudnnRNNBackwardData_v8", "weightSpace does not hold");
        Cuda.ok(net.train());
        Cuda.ok(net.backwardData());
        Cuda.ok(Cudart.cudaMemset(net.x, 0, 4));
        Cuda.refused(BAD_PARAM, net.backwardWeights(), "cudnnRNNBackwardWeights_v8", "x does not hold");
    }

    @Test
    void overwritingGradients() {
        Cuda.ok(net.train());
        Cuda.ok(net.backwardData());
        Cuda.refused(NOT_SUPPORTED, Cudnn.cudnnRNNBackwardWeights_v8(net.handle, net.rnn, Cudnn.CUDNN_WGRAD_MODE_SET(), Cuda.NULL,
                net.xDesc, net.x, net.stateDesc, net.hx, net.yDesc, net.y, net.weightBytes, net.dweights, net.workspaceBytes,
                net.workspace, net.reserveBytes, net.reserve), "cudnnRNNBackwardWeights_v8", "CUDNN_WGRAD_MODE_ADD");
    }

    @Test
    void workspacePassedForTheGradient() {
        Cuda.ok(net.train());
        Cuda.ok(net.backwardData());
        MemorySegment small = Cuda.malloc(64);
        Cuda.refused(EXECUTION_FAILED, Cudnn.cudnnRNNBackwardWeights_v8(net.handle, net.rnn, 0, Cuda.NULL, net.xDesc, net.x, net.stateDesc,
                net.hx, net.yDesc, net.y, net.weightBytes, small, net.workspaceBytes, net.workspace, net.reserveBytes, net.reserve),
                "cudnnRNNBackwardWeights_v8", "dweightSpace needs " + net.weightBytes);
        Cuda.free(small);
    }

    @Test
    void dropoutWithoutStates() {
        Cuda.refused(BAD_PARAM, Cudnn.cudnnSetDropoutDescriptor(net.dropout, net.handle, 0.5f, Cuda.NULL, 0, 1),
                "cudnnSetDropoutDescriptor", "states is NULL");
        Cuda.refused(BAD_PARAM, Cudnn.cudnnSetDropoutDescriptor(net.dropout, net.handle, 0.5f, net.states, 8, 1),
                "cudnnSetDropoutDescriptor", "states has 8 bytes");
        Cuda.refused(BAD_PARAM, Cudnn.cudnnSetDropoutDescriptor(net.dropout, net.handle, 1.5f, net.states, 256, 1),
                "cudnnSetDropoutDescriptor", "dropout is 1.5");
    }

    @Test
    void aWeightMatrixThatDoesNotExist() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNWeightParams(net.handle, net.rnn, 2, net.weightBytes, net.weights, 0,
                    net.stateDesc, out, Cuda.NULL, Cuda.NULL), "cudnnGetRNNWeightParams", "pseudoLayer 2");
            Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNWeightParams(net.handle, net.rnn, 0, net.weightBytes, net.weights, 9,
                    net.stateDesc, out, Cuda.NULL, Cuda.NULL), "cudnnGetRNNWeightParams", "linLayerID 9");
        }
    }

    @Test
    void anOutParameterInDeviceMemory() {
        Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNWeightSpaceSize(net.handle, net.rnn, net.x), "cudnnGetRNNWeightSpaceSize",
                "weightSpaceSize is a device pointer");
    }
}
