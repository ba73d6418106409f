package dev.gatun.host;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Mistakes with the memory and the descriptors of recurrent networks, beside those of {@link TrainingRulesViolationTest}. */
class LstmViolationTest {
    private static final int LAUNCH_FAILURE = 719;
    private static final int BAD_PARAM = 2000;
    private static final int NOT_SUPPORTED = 3000;
    private static final int EXECUTION_FAILED = 5000;

    private final LstmNetwork net = new LstmNetwork(4, 3, 5, 6, 2);

    @AfterEach
    void close() {
        net.close();
    }

    private int forward(MemorySegment x, MemorySegment hDesc, MemorySegment reserve) {
        return Cudnn.cudnnRNNForward(net.handle, net.rnn, 1, Cuda.NULL, net.xDesc, x, net.yDesc, net.y, hDesc, net.hx, net.hy,
                net.stateDesc, net.cx, net.cy, net.weightBytes, net.weights, net.workspaceBytes, net.workspace, net.reserveBytes, reserve);
    }

    @Test
    void xIsTooShort() {
        MemorySegment last = Cuda.plus(net.x, 4);
        Cuda.refused(EXECUTION_FAILED, forward(last, net.stateDesc, net.reserve), "cudnnRNNForward", "x needs 240 bytes", "236");
    }

    @Test
    void xWasFreed() {
        MemorySegment x = Cuda.malloc(240);
        Cuda.free(x);
        Cuda.refused(EXECUTION_FAILED, forward(x, net.stateDesc, net.reserve), "cudnnRNNForward", "x ", "freed before");
    }

    @Test
    void theReserveIsShorterThanItsSizeSays() {
        Cuda.refused(EXECUTION_FAILED, forward(net.x, net.stateDesc, Cuda.plus(net.reserve, 64)),
                "cudnnRNNForward", "reserveSpace needs " + net.reserveBytes);
    }

    @Test
    void aDescriptorOfTheWrongKind() {
        Cuda.refused(BAD_PARAM, forward(net.x, net.xDesc, net.reserve), "cudnnRNNForward",
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

    /** Each has the same number of layers, hidden size and data. */
    @Test
    void theReserveOfAnotherKindOfNetwork() {
        int[] lengths = {4, 4, 4};
        try (LstmNetwork gru = new LstmNetwork(Cudnn.CUDNN_GRU(), 4, 5, 6, 6, 2, lengths, 0);
                LstmNetwork projected = new LstmNetwork(Cudnn.CUDNN_LSTM(), 4, 5, 6, 4, 2, lengths, 0)) {
            Cuda.ok(net.train());
            for (LstmNetwork other : new LstmNetwork[] {gru, projected}) {
                MemorySegment reserve = Cuda.malloc(Math.max(net.reserveBytes, other.reserveBytes));
                Cuda.ok(Cudart.cudaMemcpy(reserve, net.reserve, net.reserveBytes, 3));
                Cuda.refusedLater(LAUNCH_FAILURE, Cudnn.cudnnRNNBackwardData_v8(other.handle, other.rnn, Cuda.NULL, other.yDesc, other.y,
                        other.dy, other.xDesc, other.dx, other.stateDesc, other.hx, Cuda.NULL, other.dhx, other.cellDesc, other.cx,
                        Cuda.NULL, other.dcx, other.weightBytes, other.weights, other.workspaceBytes, other.workspace,
                        other.reserveBytes, reserve), "cudnnRNNBackwardData_v8", "another shape");
                Cuda.free(reserve);
            }
        }
    }

    /** With a projection the hidden state is as wide as the output, the cell state as the hidden size. */
    @Test
    void aProjectedNetworksStatesOfTheOtherWidth() {
        try (LstmNetwork projected = new LstmNetwork(Cudnn.CUDNN_LSTM(), 4, 5, 6, 4, 2, new int[] {4, 4, 4}, 0)) {
            Cuda.refused(BAD_PARAM, forward(projected, projected.cellDesc, projected.cellDesc), "cudnnRNNForward", "hDesc is {",
                    "{2, 3, 4}");
            Cuda.refused(BAD_PARAM, forward(projected, projected.stateDesc, projected.stateDesc), "cudnnRNNForward", "cDesc is {",
                    "{2, 3, 6}");
        }
    }

    private static int forward(LstmNetwork net, MemorySegment hDesc, MemorySegment cDesc) {
        return Cudnn.cudnnRNNForward(net.handle, net.rnn, 1, Cuda.NULL, net.xDesc, net.x, net.yDesc, net.y, hDesc, net.hx, net.hy,
                cDesc, net.cx, net.cy, net.weightBytes, net.weights, net.workspaceBytes, net.workspace, net.reserveBytes, net.reserve);
    }

    @Test
    void aNetworkThatIsNotComputed() {
        Cuda.ok(Cudnn.cudnnSetRNNDescriptor_v8(net.rnn, 0, 1, 2, 0, 0, 0, 0, 3, 5, 6, 6, 2, net.dropout, 1));
        Cuda.refused(NOT_SUPPORTED, net.train(), "cudnnRNNForward", "LSTM");
    }

    @Test
    void theReserveOfAnotherShape() {
        Cuda.ok(net.train());
        try (LstmNetwork other = new LstmNetwork(3, 3, 5, 6, 2)) {
            Cuda.refusedLater(LAUNCH_FAILURE, Cudnn.cudnnRNNBackwardData_v8(other.handle, other.rnn, Cuda.NULL, other.yDesc, other.y,
                    other.dy, other.xDesc, other.dx, other.stateDesc, other.hx, Cuda.NULL, other.dhx, other.stateDesc, other.cx,
                    Cuda.NULL, other.dcx, other.weightBytes, other.weights, other.workspaceBytes, other.workspace, net.reserveBytes,
                    net.reserve), "cudnnRNNBackwardData_v8", "another shape");
        }
    }
}
