package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Named.named;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Mistakes that published programs made with cuDNN's recurrent networks, each made here on purpose. The fifteenth, libraries
 * that do not belong together, is in the cross-module tests ({@code MixedLibrariesViolationTest}).
 */
class FifteenMistakesViolationTest {
    private static final int LAUNCH_FAILURE = 719;
    private static final int BAD_PARAM = 2000;
    private static final int NOT_SUPPORTED = 3000;
    private static final int EXECUTION_FAILED = 5000;

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void isCaughtInWords(Consumer<LstmNetwork> mistake) {
        try (LstmNetwork net = new LstmNetwork(4, 3, 5, 6, 2)) {
            mistake.accept(net);
        }
    }

    static Stream<Named<Consumer<LstmNetwork>>> mistakes() {
        return Stream.of(
                named("1: projSize 0 for no projection", net -> Cuda.refused(BAD_PARAM,
                        Cudnn.cudnnSetRNNDescriptor_v8(net.rnn, 0, 2, 2, 0, 0, 0, 0, 3, 5, 6, 0, 2, net.dropout, 1),
                        "cudnnSetRNNDescriptor_v8", "projSize 0", "projSize = hiddenSize means no projection")),
                named("2: workspace and gradient exchanged", FifteenMistakesViolationTest::exchangedArguments),
                named("3: a padding fill that is not in host memory", net -> Cuda.refused(BAD_PARAM, fillAt(net, net.x),
                        "cudnnSetRNNDataDescriptor", "paddingFill is a device pointer")),
                named("4: gradients added to memory that was never cleared", FifteenMistakesViolationTest::gradientNotCleared),
                named("5: a reserve that the forward call did not fill", net -> Cuda.refusedLater(LAUNCH_FAILURE, net.backwardData(),
                        "cudnnRNNBackwardData_v8", "reserveSpace was not filled")),
                named("5: a reserve used twice", net -> {
                    trainAndBackwardData(net);
                    Cuda.refusedLater(LAUNCH_FAILURE, net.backwardData(), "cudnnRNNBackwardData_v8", "reserveSpace was used");
                }),
                named("6: weight gradients before data gradients", net -> {
                    Cuda.ok(net.train());
                    Cuda.refusedLater(LAUNCH_FAILURE, net.backwardWeights(), "cudnnRNNBackwardWeights_v8", "must come first");
                }),
                named("6: backward after inference", net -> {
                    Cuda.ok(net.forward(Cudnn.CUDNN_FWD_MODE_INFERENCE()));
                    Cuda.refusedLater(LAUNCH_FAILURE, net.backwardData(), "cudnnRNNBackwardData_v8", "in training mode");
                }),
                named("7: lengths through a device array", net -> Cuda.refused(BAD_PARAM, forward(net, net.x, net.xDesc, net.stateDesc,
                        net.reserveBytes), "cudnnRNNForward", "devSeqLengths must be NULL")),
                named("8: a sequence of length 0", FifteenMistakesViolationTest::emptySequence),
                named("9: trusting outputs behind a sequence's end", FifteenMistakesViolationTest::padding),
                named("10: sizes queried for shorter sequences", FifteenMistakesViolationTest::staleSizes),
                named("10: a reserve of another shape", FifteenMistakesViolationTest::staleReserve),
                named("11: states that are not packed", FifteenMistakesViolationTest::stridedStates),
                named("12: weights written where they do not lie", FifteenMistakesViolationTest::misplacedWeights),
                named("12: a weight matrix that does not exist", FifteenMistakesViolationTest::unknownMatrix),
                named("13: dropout on one layer", FifteenMistakesViolationTest::dropoutWithoutEffect),
                named("13: another seed for a state that is restored", net -> Cuda.refusedLater(LAUNCH_FAILURE,
                        Cudnn.cudnnRestoreDropoutDescriptor(net.dropout, net.handle, 0.5f, net.states, 256, 8),
                        "cudnnRestoreDropoutDescriptor", "seed is 8", "made with 7")),
                named("14: a boolean where the math type belongs", net -> Cuda.refused(BAD_PARAM,
                        Cudnn.cudnnSetRNNDescriptor_v8(net.rnn, 0, 2, 2, 0, 0, 0, 0, -1, 5, 6, 6, 2, net.dropout, 1),
                        "cudnnSetRNNDescriptor_v8", "mathType -1")),
                named("14: a persistent algorithm", net -> {
                    Cuda.ok(Cudnn.cudnnSetRNNDescriptor_v8(net.rnn, 3, 2, 2, 0, 0, 0, 0, 3, 5, 6, 6, 2, net.dropout, 1));
                    Cuda.refused(NOT_SUPPORTED, net.train(), "cudnnRNNForward", "algo 3", "CUDNN_RNN_ALGO_STANDARD");
                }));
    }

    private static void trainAndBackwardData(LstmNetwork net) {
        Cuda.ok(net.train());
        Cuda.ok(net.backwardData());
    }

    private static int forward(LstmNetwork net, MemorySegment lengths, MemorySegment xDesc, MemorySegment hDesc, long reserveBytes) {
        return Cudnn.cudnnRNNForward(net.handle, net.rnn, Cudnn.CUDNN_FWD_MODE_TRAINING(), lengths, xDesc, net.x, net.yDesc, net.y, hDesc,
                net.hx, net.hy, net.stateDesc, net.cx, net.cy, net.weightBytes, net.weights, net.workspaceBytes, net.workspace,
                reserveBytes, net.reserve);
    }

    private static void exchangedArguments(LstmNetwork net) {
        trainAndBackwardData(net);
        MemorySegment workspace = Cuda.malloc(64);
        Cuda.refused(EXECUTION_FAILED, Cudnn.cudnnRNNBackwardWeights_v8(net.handle, net.rnn, 0, Cuda.NULL, net.xDesc, net.x, net.stateDesc,
                net.hx, net.yDesc, net.y, net.weightBytes, workspace, net.workspaceBytes, net.dweights, net.reserveBytes, net.reserve),
                "cudnnRNNBackwardWeights_v8", "dweightSpace needs " + net.weightBytes);
        Cuda.free(workspace);
    }

    private static int fillAt(LstmNetwork net, MemorySegment fill) {
        try (Arena arena = Arena.ofConfined()) {
            return Cudnn.cudnnSetRNNDataDescriptor(net.yDesc, 0, 0, 4, 3, 6, arena.allocateFrom(ValueLayout.JAVA_INT, 4, 4, 4), fill);
        }
    }

    private static void gradientNotCleared(LstmNetwork net) {
        trainAndBackwardData(net);
        MemorySegment fresh = Cuda.malloc(net.weightBytes);
        Cuda.refusedLater(LAUNCH_FAILURE, Cudnn.cudnnRNNBackwardWeights_v8(net.handle, net.rnn, 0, Cuda.NULL, net.xDesc, net.x,
                net.stateDesc, net.hx, net.yDesc, net.y, net.weightBytes, fresh, net.workspaceBytes, net.workspace, net.reserveBytes,
                net.reserve), "cudnnRNNBackwardWeights_v8", "dweightSpace", "clear it first");
        Cuda.free(fresh);
    }

    private static void emptySequence(LstmNetwork net) {
        MemorySegment xDesc = LstmNetwork.data(4, 5, new int[] {4, 0, 4});
        Cuda.refused(NOT_SUPPORTED, forward(net, Cuda.NULL, xDesc, net.stateDesc, net.reserveBytes), "cudnnRNNForward", "length 0");
        Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(xDesc));
    }

    /** Without a fill value cuDNN leaves those outputs undefined; here they are NaN, in whatever is computed from them too. */
    private static void padding(LstmNetwork net) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment lengths = arena.allocateFrom(ValueLayout.JAVA_INT, 4, 2, 3);
            Cuda.ok(Cudnn.cudnnSetRNNDataDescriptor(net.xDesc, 0, 0, 4, 3, 5, lengths, Cuda.NULL));
            Cuda.ok(Cudnn.cudnnSetRNNDataDescriptor(net.yDesc, 0, 0, 4, 3, 6, lengths, Cuda.NULL));
        }
        Cuda.ok(net.forward(Cudnn.CUDNN_FWD_MODE_INFERENCE()));
        assertTrue(Float.isNaN(Cuda.download(net.y, 4 * 3 * 6)[(2 * 3 + 1) * 6]), "y at step 2 of the sequence of length 2");
        Violations.caught();
    }

    private static void staleSizes(LstmNetwork net) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment shorter = LstmNetwork.data(4, 5, new int[] {2, 2, 2});
            MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG);
            Cuda.ok(Cudnn.cudnnGetRNNTempSpaceSizes(net.handle, net.rnn, 1, shorter, arena.allocate(8), bytes));
            Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(shorter));
            MemorySegment longer = LstmNetwork.data(5, 5, new int[] {5, 5, 5});
            MemorySegment longerY = LstmNetwork.data(5, 6, new int[] {5, 5, 5});
            Cuda.refused(BAD_PARAM, Cudnn.cudnnRNNForward(net.handle, net.rnn, 1, Cuda.NULL, longer, net.x, longerY, net.y, net.stateDesc,
                    net.hx, net.hy, net.stateDesc, net.cx, net.cy, net.weightBytes, net.weights, 1 << 20, net.workspace,
                    bytes.get(ValueLayout.JAVA_LONG, 0), net.reserve), "cudnnRNNForward", "reserveSpace has", "must be queried again");
            Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(longer));
            Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(longerY));
        }
    }

    private static void staleReserve(LstmNetwork net) {
        Cuda.ok(net.train());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment lengths = arena.allocateFrom(ValueLayout.JAVA_INT, 4, 2, 3);
            Cuda.ok(Cudnn.cudnnSetRNNDataDescriptor(net.xDesc, 0, 0, 4, 3, 5, lengths, Cuda.NULL));
            Cuda.ok(Cudnn.cudnnSetRNNDataDescriptor(net.yDesc, 0, 0, 4, 3, 6, lengths, Cuda.NULL));
        }
        Cuda.refusedLater(LAUNCH_FAILURE, net.backwardData(), "cudnnRNNBackwardData_v8", "reserveSpace", "another shape");
    }

    private static void stridedStates(LstmNetwork net) {
        MemorySegment strided = Cuda.make(Cudnn::cudnnCreateTensorDescriptor);
        try (Arena arena = Arena.ofConfined()) {
            Cuda.ok(Cudnn.cudnnSetTensorNdDescriptor(strided, 0, 3, arena.allocateFrom(ValueLayout.JAVA_INT, 2, 3, 6),
                    arena.allocateFrom(ValueLayout.JAVA_INT, 6, 12, 1)));
        }
        Cuda.refused(BAD_PARAM, forward(net, Cuda.NULL, net.xDesc, strided, net.reserveBytes), "cudnnRNNForward", "hDesc", "packed");
        Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(strided));
    }

    /** Weights are written without their last bias: as when one is merged into the other, or another layout assumed. */
    private static void misplacedWeights(LstmNetwork net) {
        MemorySegment fresh = Cuda.malloc(net.weightBytes);
        Cuda.ok(Cudart.cudaMemset(fresh, 0, net.weightBytes - 4 * 6));
        Cuda.refusedLater(LAUNCH_FAILURE, Cudnn.cudnnRNNForward(net.handle, net.rnn, 1, Cuda.NULL, net.xDesc, net.x, net.yDesc, net.y,
                net.stateDesc, net.hx, net.hy, net.stateDesc, net.cx, net.cy, net.weightBytes, fresh, net.workspaceBytes, net.workspace,
                net.reserveBytes, net.reserve), "cudnnRNNForward", "weightSpace holds values that nothing has written",
                "cudnnGetRNNWeightParams");
        Cuda.free(fresh);
    }

    private static void unknownMatrix(LstmNetwork net) {
        try (Arena arena = Arena.ofConfined()) {
            Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNWeightParams(net.handle, net.rnn, 0, net.weightBytes, net.weights, 9, net.stateDesc,
                    arena.allocate(8), Cuda.NULL, Cuda.NULL), "cudnnGetRNNWeightParams", "linLayerID 9");
        }
    }

    /** Puts dropout on a network of one layer. */
    static final class OneLayer {
        public static void main(String[] arguments) {
            try (LstmNetwork net = new LstmNetwork(4, 5, 6, 1, new int[] {4, 4, 4}, 0.5f)) {
                Cuda.ok(net.train());
            }
        }
    }

    /** cuDNN takes such a network, so that it is a warning, in the log of a process of its own. */
    private static void dropoutWithoutEffect(LstmNetwork net) {
        String output = oneLayer();
        assertTrue(output.contains("WARNING: cudnnSetRNNDescriptor_v8: dropoutDesc") && output.contains("numLayers is 1"), output);
        Violations.caught();
    }

    private static String oneLayer() {
        try {
            return ChildJvm.onClassPath(OneLayer.class, "-Dgatun.device=host", "-Dgatun.check=full").output();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
