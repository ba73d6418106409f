package dev.gatun.host;

import static org.junit.jupiter.api.Named.named;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules of cuDNN's training calls, call by call in the order in which a program makes them, each broken on purpose. */
class TrainingRulesViolationTest {
    private static final int LAUNCH_FAILURE = 719;
    private static final int BAD_PARAM = 2000;
    private static final int NOT_SUPPORTED = 3000;
    private static final int EXECUTION_FAILED = 5000;

    /** The arguments of the three calls in their order, so that a rule changes the one that it is about. */
    private static final class Call {
        final LstmNetwork net;
        MemorySegment x;
        MemorySegment y;
        MemorySegment dy;
        MemorySegment dx;
        MemorySegment hDesc;
        MemorySegment cDesc;
        MemorySegment weights;
        MemorySegment dweights;
        MemorySegment workspace;
        MemorySegment reserve;
        long weightBytes;
        long workspaceBytes;
        long reserveBytes;

        Call(LstmNetwork net) {
            this.net = net;
            x = net.x;
            y = net.y;
            dy = net.dy;
            dx = net.dx;
            hDesc = net.stateDesc;
            cDesc = net.stateDesc;
            weights = net.weights;
            dweights = net.dweights;
            workspace = net.workspace;
            reserve = net.reserve;
            weightBytes = net.weightBytes;
            workspaceBytes = net.workspaceBytes;
            reserveBytes = net.reserveBytes;
        }

        int forward() {
            return Cudnn.cudnnRNNForward(net.handle, net.rnn, 1, Cuda.NULL, net.xDesc, x, net.yDesc, y, hDesc, net.hx, net.hy, cDesc,
                    net.cx, net.cy, weightBytes, weights, workspaceBytes, workspace, reserveBytes, reserve);
        }

        int backwardData() {
            return Cudnn.cudnnRNNBackwardData_v8(net.handle, net.rnn, Cuda.NULL, net.yDesc, y, dy, net.xDesc, dx, hDesc, net.hx, Cuda.NULL,
                    net.dhx, cDesc, net.cx, Cuda.NULL, net.dcx, weightBytes, weights, workspaceBytes, workspace, reserveBytes, reserve);
        }

        int backwardWeights(int mode) {
            return Cudnn.cudnnRNNBackwardWeights_v8(net.handle, net.rnn, mode, Cuda.NULL, net.xDesc, x, hDesc, net.hx, net.yDesc, y,
                    weightBytes, dweights, workspaceBytes, workspace, reserveBytes, reserve);
        }

        int setRnn(int projection, int precision, int flags) {
            return Cudnn.cudnnSetRNNDescriptor_v8(net.rnn, 0, 2, 2, 0, 0, 0, precision, 3, 5, 6, projection, 2, net.dropout, flags);
        }

        int setDropout(float probability, MemorySegment states, long bytes) {
            return Cudnn.cudnnSetDropoutDescriptor(net.dropout, net.handle, probability, states, bytes, 1);
        }

        int setData(int layout, MemorySegment lengths) {
            return Cudnn.cudnnSetRNNDataDescriptor(net.xDesc, 0, layout, 4, 3, 5, lengths, Cuda.NULL);
        }

        int setData(int layout, int... lengths) {
            try (Arena arena = Arena.ofConfined()) {
                return setData(layout, arena.allocateFrom(ValueLayout.JAVA_INT, lengths));
            }
        }

        Call with(Consumer<Call> change) {
            change.accept(this);
            return this;
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void isHeld(Consumer<Call> breach) {
        try (LstmNetwork net = new LstmNetwork(4, 3, 5, 6, 2)) {
            breach.accept(new Call(net));
        }
    }

    static Stream<Named<Consumer<Call>>> rules() {
        return Stream.of(handles(), dropout(), descriptors(), sizes(), forward(), backward()).flatMap(rules -> rules);
    }

    private static Stream<Named<Consumer<Call>>> handles() {
        return Stream.of(
                named("1: a call needs a handle", call -> Cuda.refused(BAD_PARAM, Cudnn.cudnnSetStream(Cuda.NULL, Cuda.NULL),
                        "cudnnSetStream", "handle is NULL")),
                named("1: a handle is no descriptor", call -> Cuda.refused(BAD_PARAM, Cudnn.cudnnSetStream(call.net.rnn, Cuda.NULL),
                        "cudnnSetStream", "handle is an RNN descriptor; expected a cuDNN handle")));
    }

    private static Stream<Named<Consumer<Call>>> dropout() {
        return Stream.of(
                named("2: dropout states lie on the device", call -> {
                    try (Arena arena = Arena.ofConfined()) {
                        Cuda.refused(EXECUTION_FAILED, call.setDropout(0.5f, arena.allocate(256), 256), "cudnnSetDropoutDescriptor",
                                "states", "host pointer");
                    }
                }),
                named("2: dropout above 0 needs states", call -> Cuda.refused(BAD_PARAM, call.setDropout(0.5f, Cuda.NULL, 0),
                        "cudnnSetDropoutDescriptor", "states is NULL")),
                named("2: states have the queried size", call -> Cuda.refused(BAD_PARAM, call.setDropout(0.5f, call.net.states, 255),
                        "cudnnSetDropoutDescriptor", "states has 255 bytes")),
                named("2: dropout is a probability", call -> Cuda.refused(BAD_PARAM, call.setDropout(1.5f, call.net.states, 256),
                        "cudnnSetDropoutDescriptor", "dropout is 1.5")));
    }

    private static Stream<Named<Consumer<Call>>> descriptors() {
        return Stream.of(
                named("3: projSize is at least 1", call -> Cuda.refused(BAD_PARAM, call.setRnn(0, 0, 1), "cudnnSetRNNDescriptor_v8",
                        "projSize 0")),
                named("3: projSize is at most hiddenSize", call -> Cuda.refused(NOT_SUPPORTED, call.setRnn(7, 0, 1),
                        "cudnnSetRNNDescriptor_v8", "projSize <= hiddenSize")),
                named("3: mathPrec fits dataType", call -> Cuda.refused(NOT_SUPPORTED, call.setRnn(6, 1, 1), "cudnnSetRNNDescriptor_v8",
                        "dataType 0 with mathPrec 1")),
                named("3: auxFlags has one bit", call -> Cuda.refused(BAD_PARAM, call.setRnn(6, 0, 2), "cudnnSetRNNDescriptor_v8",
                        "unknown auxFlags 2")),
                named("3: unpacked layouts need PADDED_IO", call -> {
                    Cuda.ok(call.setRnn(6, 0, 0));
                    Cuda.refused(BAD_PARAM, call.forward(), "cudnnRNNForward", "CUDNN_RNN_PADDED_IO_ENABLED");
                }),
                named("4: the lengths are a host array", call -> Cuda.refused(BAD_PARAM, call.setData(0, call.net.x),
                        "cudnnSetRNNDataDescriptor", "seqLengthArray is a device pointer")),
                named("4: there must be lengths", call -> Cuda.refused(BAD_PARAM, call.setData(0, Cuda.NULL), "cudnnSetRNNDataDescriptor",
                        "seqLengthArray is NULL")),
                named("4: no length is above the longest", call -> Cuda.refused(BAD_PARAM, call.setData(0, 4, 5, 4),
                        "cudnnSetRNNDataDescriptor", "seqLengthArray[1] is 5")),
                named("4: packed lengths fall", call -> Cuda.refused(BAD_PARAM, call.setData(1, 4, 2, 3), "cudnnSetRNNDataDescriptor",
                        "seqLengthArray[2] is 3")),
                named("4: packed sequences reach the longest", call -> Cuda.refused(BAD_PARAM, call.setData(1, 3, 2, 1),
                        "cudnnSetRNNDataDescriptor", "maxSeqLength is 4")),
                named("4: x and y have the same sequences", call -> {
                    Cuda.ok(call.setData(0, 4, 4, 3));
                    Cuda.refused(BAD_PARAM, call.forward(), "cudnnRNNForward", "xDesc and yDesc");
                }),
                named("5: hDesc has the state's shape", call -> {
                    call.hDesc = LstmNetwork.packed(1, 3, 6);
                    Cuda.refused(BAD_PARAM, call.forward(), "cudnnRNNForward", "hDesc is {", "{2, 3, 6}");
                    Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(call.hDesc));
                }),
                named("5: cDesc has the state's shape", call -> {
                    call.cDesc = LstmNetwork.packed(2, 3, 5);
                    Cuda.refused(BAD_PARAM, call.forward(), "cudnnRNNForward", "cDesc is {", "{2, 3, 6}");
                    Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(call.cDesc));
                }));
    }

    private static Stream<Named<Consumer<Call>>> sizes() {
        return Stream.of(
                named("6: the size goes to host memory", call -> Cuda.refused(BAD_PARAM,
                        Cudnn.cudnnGetRNNWeightSpaceSize(call.net.handle, call.net.rnn, call.net.x), "cudnnGetRNNWeightSpaceSize",
                        "weightSpaceSize is a device pointer")),
                named("7: pseudoLayer is below numLayers", call -> Cuda.refused(BAD_PARAM, weightParams(call, 2, 0, call.weightBytes),
                        "cudnnGetRNNWeightParams", "pseudoLayer 2")),
                named("7: linLayerID is at most 8", call -> Cuda.refused(BAD_PARAM, weightParams(call, 0, 9, call.weightBytes),
                        "cudnnGetRNNWeightParams", "linLayerID 9")),
                named("7: weightSpaceSize is the queried one", call -> Cuda.refused(BAD_PARAM,
                        weightParams(call, 0, 0, call.weightBytes - 4), "cudnnGetRNNWeightParams", "weightSpace has")),
                named("8: x is as wide as inputSize", call -> {
                    try (Arena arena = Arena.ofConfined()) {
                        Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNTempSpaceSizes(call.net.handle, call.net.rnn, 1, call.net.yDesc,
                                arena.allocate(8), Cuda.NULL), "cudnnGetRNNTempSpaceSizes", "xDesc has vectorSize 6; expected 5");
                    }
                }),
                named("8: weightSpace has the queried size", call -> Cuda.refused(BAD_PARAM,
                        call.with(c -> c.weightBytes -= 4).forward(), "cudnnRNNForward", "weightSpace has")),
                named("8: workSpace has the queried size", call -> Cuda.refused(BAD_PARAM,
                        call.with(c -> c.workspaceBytes = 4).forward(), "cudnnRNNForward", "workSpace has 4 bytes")),
                named("8: reserveSpace has the queried size", call -> Cuda.refused(BAD_PARAM,
                        call.with(c -> c.reserveBytes -= 1).forward(), "cudnnRNNForward", "reserveSpace has")));
    }

    private static int weightParams(Call call, int layer, int id, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            return Cudnn.cudnnGetRNNWeightParams(call.net.handle, call.net.rnn, layer, bytes, call.weights, id, call.net.stateDesc,
                    arena.allocate(8), Cuda.NULL, Cuda.NULL);
        }
    }

    private static Stream<Named<Consumer<Call>>> forward() {
        return Stream.of(
                required("9: x is not NULL", "x", call -> call.x = Cuda.NULL),
                required("9: y is not NULL", "y", call -> call.y = Cuda.NULL),
                required("9: weightSpace is not NULL", "weightSpace", call -> call.weights = Cuda.NULL),
                required("9: workSpace is not NULL", "workSpace", call -> call.workspace = Cuda.NULL),
                required("9: reserveSpace is not NULL in training", "reserveSpace", call -> call.reserve = Cuda.NULL),
                required("9: hDesc is not NULL where hx is not", "hDesc", call -> call.hDesc = Cuda.NULL),
                required("9: cDesc is not NULL where cx is not", "cDesc", call -> call.cDesc = Cuda.NULL),
                onDevice("9: x lies on the device", "x", (call, host) -> call.x = host),
                onDevice("9: y lies on the device", "y", (call, host) -> call.y = host),
                onDevice("9: weightSpace lies on the device", "weightSpace", (call, host) -> call.weights = host),
                onDevice("9: workSpace lies on the device", "workSpace", (call, host) -> call.workspace = host),
                onDevice("9: reserveSpace lies on the device", "reserveSpace", (call, host) -> call.reserve = host),
                named("9: devSeqLengths is NULL", call -> Cuda.refused(BAD_PARAM, Cudnn.cudnnRNNForward(call.net.handle, call.net.rnn, 1,
                        call.x, call.net.xDesc, call.x, call.net.yDesc, call.y, call.hDesc, call.net.hx, call.net.hy, call.cDesc,
                        call.net.cx, call.net.cy, call.weightBytes, call.weights, call.workspaceBytes, call.workspace, call.reserveBytes,
                        call.reserve), "cudnnRNNForward", "devSeqLengths must be NULL")),
                named("9: fwdMode is inference or training", call -> Cuda.refused(BAD_PARAM, call.net.forward(2), "cudnnRNNForward",
                        "unknown fwdMode 2")));
    }

    private static Named<Consumer<Call>> required(String rule, String argument, Consumer<Call> change) {
        return named(rule, call -> Cuda.refused(BAD_PARAM, call.with(change).forward(), "cudnnRNNForward", argument + " is NULL"));
    }

    /** Puts host memory where device memory belongs. */
    private interface Replace {
        void memory(Call call, MemorySegment host);
    }

    private static Named<Consumer<Call>> onDevice(String rule, String argument, Replace replace) {
        return named(rule, call -> {
            try (Arena arena = Arena.ofConfined()) {
                replace.memory(call, arena.allocate(1 << 16));
                Cuda.refused(EXECUTION_FAILED, call.forward(), "cudnnRNNForward", argument + " ", "host pointer");
            }
        });
    }

    private static Stream<Named<Consumer<Call>>> backward() {
        return Stream.of(
                named("10: backward follows a training forward", call -> Cuda.refusedLater(LAUNCH_FAILURE, call.backwardData(),
                        "cudnnRNNBackwardData_v8", "not filled by a cudnnRNNForward")),
                named("10: dy is not NULL", call -> {
                    Cuda.ok(call.forward());
                    Cuda.refused(BAD_PARAM, call.with(c -> c.dy = Cuda.NULL).backwardData(), "cudnnRNNBackwardData_v8",
                            "dy is NULL");
                }),
                named("10: dx is not NULL", call -> {
                    Cuda.ok(call.forward());
                    Cuda.refused(BAD_PARAM, call.with(c -> c.dx = Cuda.NULL).backwardData(), "cudnnRNNBackwardData_v8",
                            "dx is NULL");
                }),
                changed("10: hx keeps its data, and is not where hy goes", "hx", call -> Cudart.cudaMemcpy(call.net.hx, call.net.hy,
                        4L * 2 * 3 * 6, 3)),
                changed("10: cx keeps its data", "cx", call -> Cudart.cudaMemset(call.net.cx, 0, 4)),
                changed("10: y keeps its data", "y", call -> Cudart.cudaMemset(call.y, 0, 4)),
                changed("10: the weights keep their data", "weightSpace", call -> Cudart.cudaMemset(call.weights, 0, 4)),
                named("10: nobody else writes to the reserve", call -> {
                    Cuda.ok(call.forward());
                    Cuda.ok(Cudart.cudaMemset(call.reserve, 0, call.reserveBytes));
                    Cuda.refusedLater(LAUNCH_FAILURE, call.backwardData(), "cudnnRNNBackwardData_v8", "reserveSpace was not filled");
                }),
                named("10: a reserve is used by one backward call", call -> {
                    Cuda.ok(call.forward());
                    Cuda.ok(call.backwardData());
                    Cuda.refusedLater(LAUNCH_FAILURE, call.backwardData(), "cudnnRNNBackwardData_v8", "a cudnnRNNForward of its own");
                }),
                named("11: weight gradients follow data gradients", call -> {
                    Cuda.ok(call.forward());
                    Cuda.refusedLater(LAUNCH_FAILURE, call.backwardWeights(0), "cudnnRNNBackwardWeights_v8", "must come first");
                }),
                named("11: gradients are added", call -> Cuda.refused(NOT_SUPPORTED, call.backwardWeights(1),
                        "cudnnRNNBackwardWeights_v8", "CUDNN_WGRAD_MODE_ADD")),
                named("11: dweightSpace is not NULL", call -> Cuda.refused(BAD_PARAM,
                        call.with(c -> c.dweights = Cuda.NULL).backwardWeights(0), "cudnnRNNBackwardWeights_v8",
                        "dweightSpace is NULL")),
                named("11: dweightSpace begins as zeros", call -> {
                    MemorySegment fresh = Cuda.malloc(call.weightBytes);
                    Cuda.ok(call.forward());
                    Cuda.ok(call.backwardData());
                    Cuda.refusedLater(LAUNCH_FAILURE, call.with(c -> c.dweights = fresh).backwardWeights(0),
                            "cudnnRNNBackwardWeights_v8", "dweightSpace", "clear it first");
                    Cuda.free(fresh);
                }),
                named("11: x keeps its data", call -> {
                    Cuda.ok(call.forward());
                    Cuda.ok(call.backwardData());
                    Cuda.ok(Cudart.cudaMemset(call.x, 0, 4));
                    Cuda.refusedLater(LAUNCH_FAILURE, call.backwardWeights(0), "cudnnRNNBackwardWeights_v8", "x does not hold");
                }));
    }

    private static Named<Consumer<Call>> changed(String rule, String argument, ToIntFunction<Call> change) {
        return named(rule, call -> {
            Cuda.ok(call.forward());
            Cuda.ok(change.applyAsInt(call));
            Cuda.refusedLater(LAUNCH_FAILURE, call.backwardData(), "cudnnRNNBackwardData_v8", argument + " does not hold");
        });
    }
}
