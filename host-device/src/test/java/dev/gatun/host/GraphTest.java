package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gatun.generated.cublas.Cublas;
import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GraphTest {
    private static final int INVALID_VALUE = 1;
    private static final int INVALID_HANDLE = 400;
    private static final int ILLEGAL_STATE = 401;
    private static final int ILLEGAL_ADDRESS = 700;
    private static final int UNSUPPORTED = 900;
    private static final int INVALIDATED = 901;
    private static final int ISOLATION = 905;
    private static final int IMPLICIT = 906;
    private static final int CAPTURED_EVENT = 907;
    private static final int WRONG_THREAD = 908;
    private static final int GLOBAL = 0;
    private static final int THREAD_LOCAL = 1;

    private final MemorySegment stream = Cuda.stream();
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void close() {
        Cuda.ok(Cudart.cudaStreamDestroy(stream));
        arena.close();
    }

    /** One training step of memset, product, kernel and network; its numbers depend on the weights that came before. */
    private final class Step implements AutoCloseable {
        final LstmNetwork net = new LstmNetwork(4, 5, 6, 8, new int[] {4, 4, 3}, 0.25f);
        final ScaleKernel kernel = new ScaleKernel();
        final MemorySegment blas = Cuda.make(Cublas::cublasCreate_v2);
        final MemorySegment product = Cuda.mallocFloats(36);

        Step() {
            Cuda.ok(Cudnn.cudnnSetStream(net.handle, stream));
            Cuda.ok(Cublas.cublasSetStream_v2(blas, stream));
        }

        void run() {
            Cuda.ok(Cudart.cudaMemsetAsync(net.dweights, 0, net.weightBytes, stream));
            Cuda.ok(net.train());
            Cuda.ok(net.backwardData());
            Cuda.ok(net.backwardWeights());
            try (Arena call = Arena.ofConfined()) {
                MemorySegment alpha = call.allocateFrom(ValueLayout.JAVA_FLOAT, 0.5f);
                MemorySegment beta = call.allocateFrom(ValueLayout.JAVA_FLOAT, 0);
                Cuda.ok(Cublas.cublasSgemm_v2(blas, 0, 1, 6, 6, 5, alpha, net.dx, 6, net.x, 6, beta, product, 6));
                // What the call was given is part of the graph: it may change and go afterwards.
                alpha.set(ValueLayout.JAVA_FLOAT, 0, 99);
            }
            Cuda.ok(kernel.scale(stream, product, 3, 36));
            Cuda.ok(kernel.scale(stream, net.weights, 1.01f, (int) (net.weightBytes / 4)));
        }

        float[] results() {
            float[] all = new float[0];
            for (MemorySegment each : new MemorySegment[] {net.dweights, net.dx, product, net.y, net.weights}) {
                int count = each == product ? 36 : each == net.dx ? 4 * 3 * 5 : each == net.y ? 4 * 3 * 6 : (int) (net.weightBytes / 4);
                float[] values = Cuda.download(each, count);
                int offset = all.length;
                all = Arrays.copyOf(all, offset + count);
                System.arraycopy(values, 0, all, offset, count);
            }
            return all;
        }

        @Override
        public void close() {
            Cuda.free(product);
            Cuda.ok(Cublas.cublasDestroy_v2(blas));
            kernel.close();
            net.close();
        }
    }

    @Test
    void aReplayedStepComputesWhatTheStepItselfDoes() {
        try (Step direct = new Step(); Step captured = new Step()) {
            float[] before = captured.results();
            MemorySegment executable = Cuda.capture(stream, captured::run);
            assertArrayEquals(before, captured.results(), "capturing does nothing");
            for (int i = 0; i < 3; i++) {
                direct.run();
                Cuda.ok(Cudart.cudaGraphLaunch(executable, stream));
                Cuda.ok(Cudart.cudaStreamSynchronize(stream));
                assertArrayEquals(direct.results(), captured.results(), "step " + i);
                assertFalse(Float.isNaN(captured.results()[0]));
            }
            Cuda.ok(Cudart.cudaGraphExecDestroy(executable));
        }
    }

    @Test
    void aGraphKeepsShapesThatTheirDescriptorsHadAtCapture() {
        try (LstmNetwork net = new LstmNetwork(4, 3, 5, 6, 1)) {
            Cuda.ok(Cudnn.cudnnSetStream(net.handle, stream));
            MemorySegment executable = Cuda.capture(stream, () -> Cuda.ok(net.train()));
            try (Arena call = Arena.ofConfined()) {
                Cuda.ok(Cudnn.cudnnSetRNNDataDescriptor(net.xDesc, 0, 0, 1, 1, 5, call.allocateFrom(ValueLayout.JAVA_INT, 1), Cuda.NULL));
            }
            Cuda.ok(Cudart.cudaGraphLaunch(executable, stream));
            assertFalse(Float.isNaN(Cuda.download(net.y, 4 * 3 * 6)[4 * 3 * 6 - 1]));
            Cuda.ok(Cudart.cudaGraphExecDestroy(executable));
        }
    }

    @Test
    void memoryThatWasFreedAfterTheCapture() {
        MemorySegment block = Cuda.malloc(16);
        MemorySegment executable = Cuda.capture(stream, () -> Cuda.ok(Cudart.cudaMemsetAsync(block, 0, 16, stream)));
        Cuda.free(block);
        Cuda.refused(ILLEGAL_ADDRESS, Cudart.cudaGraphLaunch(executable, stream), "cudaMemsetAsync", "freed before");
        Cuda.ok(Cudart.cudaGraphExecDestroy(executable));
        Cuda.refused(INVALID_HANDLE, Cudart.cudaGraphLaunch(executable, stream), "cudaGraphLaunch", "destroyed before");
    }

    private void begin(int mode) {
        Cuda.ok(Cudart.cudaStreamBeginCapture(stream, mode));
    }

    private void endInvalidated(String reason) {
        MemorySegment graph = arena.allocate(ValueLayout.ADDRESS);
        assertEquals(2, Cuda.getInt(out -> Cudart.cudaStreamIsCapturing(stream, out)));
        Cuda.refused(INVALIDATED, Cudart.cudaStreamEndCapture(stream, graph), "cudaStreamEndCapture", reason);
        assertEquals(0, Cuda.getInt(out -> Cudart.cudaStreamIsCapturing(stream, out)));
    }

    @Test
    void callsThatMayNotBeMadeDuringACapture() {
        MemorySegment out = arena.allocate(8);
        MemorySegment block = Cuda.malloc(16);
        begin(THREAD_LOCAL);
        assertEquals(1, Cuda.getInt(status -> Cudart.cudaStreamIsCapturing(stream, status)));
        Cuda.refused(UNSUPPORTED, Cudart.cudaMalloc(out, 16), "cudaMalloc is not permitted");
        Cuda.refused(INVALIDATED, Cudart.cudaMemsetAsync(block, 0, 4, stream), "cudaMalloc");
        endInvalidated("cudaMalloc");

        begin(THREAD_LOCAL);
        Cuda.refused(UNSUPPORTED, Cudart.cudaStreamSynchronize(stream), "cudaStreamSynchronize is not permitted");
        endInvalidated("cudaStreamSynchronize");

        begin(THREAD_LOCAL);
        Cuda.refused(UNSUPPORTED, Cudart.cudaDeviceSynchronize(), "cudaDeviceSynchronize is not permitted");
        endInvalidated("cudaDeviceSynchronize");

        begin(THREAD_LOCAL);
        Cuda.refused(UNSUPPORTED, Cudart.cudaStreamQuery(stream), "cudaStreamQuery is not permitted");
        endInvalidated("cudaStreamQuery");
        Cuda.free(block);
    }

    @Test
    void anotherThreadMayAllocateUnlessTheCaptureIsGlobal() {
        begin(THREAD_LOCAL);
        CompletableFuture.runAsync(() -> Cuda.free(Cuda.malloc(16))).join();
        Cuda.ok(Cudart.cudaGraphDestroy(Cuda.make(out -> Cudart.cudaStreamEndCapture(stream, out))));
        begin(GLOBAL);
        CompletableFuture.runAsync(() -> {
            try (Arena call = Arena.ofConfined()) {
                Cuda.refused(UNSUPPORTED, Cudart.cudaMalloc(call.allocate(8), 16), "cudaMalloc is not permitted");
            }
        }).join();
        endInvalidated("cudaMalloc");
    }

    @Test
    void aCaptureEndsOnTheThreadThatBeganIt() {
        begin(THREAD_LOCAL);
        CompletableFuture.runAsync(() -> {
            try (Arena call = Arena.ofConfined()) {
                Cuda.refused(WRONG_THREAD, Cudart.cudaStreamEndCapture(stream, call.allocate(8)), "cudaStreamEndCapture",
                        "begun by thread");
            }
        }).join();
        Cuda.ok(Cudart.cudaGraphDestroy(Cuda.make(out -> Cudart.cudaStreamEndCapture(stream, out))));
    }

    @Test
    void capturesThatCannotBeginOrEnd() {
        MemorySegment out = arena.allocate(8);
        Cuda.refused(UNSUPPORTED, Cudart.cudaStreamBeginCapture(Cuda.NULL, THREAD_LOCAL), "default stream");
        Cuda.refused(INVALID_VALUE, Cudart.cudaStreamBeginCapture(stream, 3), "unknown mode 3");
        Cuda.refused(ILLEGAL_STATE, Cudart.cudaStreamEndCapture(stream, out), "not being captured");
        begin(THREAD_LOCAL);
        Cuda.refused(ILLEGAL_STATE, Cudart.cudaStreamBeginCapture(stream, THREAD_LOCAL), "being captured already");
        Cuda.ok(Cudart.cudaGraphDestroy(Cuda.make(graph -> Cudart.cudaStreamEndCapture(stream, graph))));
    }

    @Test
    void theDefaultStreamWaitsForABlockingStreamUnderCapture() {
        MemorySegment block = Cuda.malloc(16);
        MemorySegment blocking = Cuda.make(Cudart::cudaStreamCreate);
        Cuda.ok(Cudart.cudaStreamBeginCapture(blocking, THREAD_LOCAL));
        Cuda.refused(IMPLICIT, Cudart.cudaMemset(block, 0, 16), "cudaMemset", "default stream");
        Cuda.refused(INVALIDATED, Cudart.cudaStreamEndCapture(blocking, arena.allocate(8)), "cudaMemset");
        Cuda.ok(Cudart.cudaStreamDestroy(blocking));
        Cuda.free(block);
    }

    @Test
    void eventsInsideAndOutsideOfACapture() {
        MemorySegment event = Cuda.make(Cudart::cudaEventCreate);
        Cuda.ok(Cudart.cudaEventRecord(event, stream));
        begin(THREAD_LOCAL);
        Cuda.refused(ISOLATION, Cudart.cudaStreamWaitEvent(stream, event, 0), "cudaStreamWaitEvent", "outside the capture");
        endInvalidated("cudaStreamWaitEvent");
        begin(THREAD_LOCAL);
        Cuda.ok(Cudart.cudaEventRecord(event, stream));
        Cuda.ok(Cudart.cudaStreamWaitEvent(stream, event, 0));
        Cuda.refused(CAPTURED_EVENT, Cudart.cudaEventQuery(event), "cudaEventQuery", "under capture");
        Cuda.refused(CAPTURED_EVENT, Cudart.cudaEventSynchronize(event), "cudaEventSynchronize", "under capture");
        Cuda.ok(Cudart.cudaGraphDestroy(Cuda.make(out -> Cudart.cudaStreamEndCapture(stream, out))));
        Cuda.ok(Cudart.cudaEventDestroy(event));
    }

    @Test
    void aResultInHostMemoryCannotBeCaptured() {
        MemorySegment blas = Cuda.make(Cublas::cublasCreate_v2);
        MemorySegment x = Cuda.upload(1, 2);
        Cuda.ok(Cublas.cublasSetStream_v2(blas, stream));
        begin(THREAD_LOCAL);
        Cuda.refused(13, Cublas.cublasSdot_v2(blas, 2, x, 1, x, 1, arena.allocate(8)), "cublasSdot_v2", "host memory");
        endInvalidated("cublasSdot_v2");
        Cuda.ok(Cublas.cublasDestroy_v2(blas));
        Cuda.free(x);
    }
}
