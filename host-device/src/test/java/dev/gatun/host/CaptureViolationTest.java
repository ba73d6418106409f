package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.generated.cublas.Cublas;
import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Mistakes around captures and the launches of graphs, with the statuses that the runtime documents for them. */
class CaptureViolationTest {
    private static final int INVALID_VALUE = 1;
    private static final int INVALID_HANDLE = 400;
    private static final int ILLEGAL_STATE = 401;
    private static final int ILLEGAL_ADDRESS = 700;
    private static final int UNSUPPORTED = 900;
    private static final int INVALIDATED = 901;
    private static final int MERGE = 902;
    private static final int UNMATCHED = 903;
    private static final int UNJOINED = 904;
    private static final int ISOLATION = 905;
    private static final int IMPLICIT = 906;
    private static final int CAPTURED_EVENT = 907;
    private static final int WRONG_THREAD = 908;
    private static final int GLOBAL = 0;
    private static final int THREAD_LOCAL = 1;

    private final MemorySegment stream = Cuda.stream();
    private final MemorySegment branch = Cuda.stream();
    private final MemorySegment event = Cuda.make(Cudart::cudaEventCreate);
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void close() {
        Cuda.ok(Cudart.cudaStreamDestroy(stream));
        Cuda.ok(Cudart.cudaStreamDestroy(branch));
        Cuda.ok(Cudart.cudaEventDestroy(event));
        arena.close();
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
    void memoryThatWasFreedAfterTheCapture() {
        MemorySegment block = Cuda.malloc(16);
        MemorySegment executable = Cuda.capture(stream, () -> Cuda.ok(Cudart.cudaMemsetAsync(block, 0, 16, stream)));
        Cuda.free(block);
        Cuda.refused(ILLEGAL_ADDRESS, Cudart.cudaGraphLaunch(executable, stream), "cudaMemsetAsync", "freed before");
        Cuda.ok(Cudart.cudaGraphExecDestroy(executable));
        Cuda.refused(INVALID_HANDLE, Cudart.cudaGraphLaunch(executable, stream), "cudaGraphLaunch", "destroyed before");
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
        Cuda.refused(CAPTURED_EVENT, Cudart.cudaStreamWaitEvent(branch, event, 0), "cudaStreamWaitEvent", "under capture");
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

    /** Begins a capture and pulls the other stream into it. */
    private void fork() {
        begin(THREAD_LOCAL);
        Cuda.ok(Cudart.cudaEventRecord(event, stream));
        Cuda.ok(Cudart.cudaStreamWaitEvent(branch, event, 0));
        assertEquals(1, Cuda.getInt(out -> Cudart.cudaStreamIsCapturing(branch, out)));
    }

    @Test
    void aBranchThatWasNeverJoined() {
        fork();
        Cuda.refused(UNJOINED, Cudart.cudaStreamEndCapture(stream, arena.allocate(8)), "cudaStreamEndCapture", "not joined");
        assertEquals(0, Cuda.getInt(out -> Cudart.cudaStreamIsCapturing(branch, out)), "the capture has ended on both streams");
    }

    @Test
    void workOnABranchAfterItWasJoined() {
        MemorySegment block = Cuda.malloc(16);
        fork();
        Cuda.ok(Cudart.cudaEventRecord(event, branch));
        Cuda.ok(Cudart.cudaStreamWaitEvent(stream, event, 0));
        Cuda.ok(Cudart.cudaMemsetAsync(block, 0, 16, branch));
        Cuda.refused(UNJOINED, Cudart.cudaStreamEndCapture(stream, arena.allocate(8)), "cudaStreamEndCapture", "not joined");
        Cuda.free(block);
    }

    @Test
    void endingTheCaptureOnABranch() {
        fork();
        Cuda.refused(UNMATCHED, Cudart.cudaStreamEndCapture(branch, arena.allocate(8)), "cudaStreamEndCapture", "another stream");
        Cuda.refused(ILLEGAL_STATE, Cudart.cudaStreamBeginCapture(branch, THREAD_LOCAL), "being captured already");
        Cuda.refused(UNJOINED, Cudart.cudaStreamEndCapture(stream, arena.allocate(8)), "cudaStreamEndCapture");
    }

    @Test
    void waitingForABranchDuringTheCapture() {
        fork();
        Cuda.refused(UNSUPPORTED, Cudart.cudaStreamSynchronize(branch), "cudaStreamSynchronize is not permitted");
        endInvalidated("cudaStreamSynchronize");
    }

    @Test
    void twoCapturesThatWouldBecomeOne() {
        begin(THREAD_LOCAL);
        Cuda.ok(Cudart.cudaStreamBeginCapture(branch, THREAD_LOCAL));
        Cuda.ok(Cudart.cudaEventRecord(event, stream));
        Cuda.refused(MERGE, Cudart.cudaStreamWaitEvent(branch, event, 0), "cudaStreamWaitEvent", "cannot be merged");
        endInvalidated("merged");
        Cuda.refused(INVALIDATED, Cudart.cudaStreamEndCapture(branch, arena.allocate(8)), "merged");
    }

    @Test
    void theDefaultStreamInACapture() {
        begin(THREAD_LOCAL);
        Cuda.ok(Cudart.cudaEventRecord(event, stream));
        Cuda.refused(IMPLICIT, Cudart.cudaStreamWaitEvent(Cuda.NULL, event, 0), "cudaStreamWaitEvent", "default stream");
        endInvalidated("cudaStreamWaitEvent");
    }

    @Test
    void anEventOfAnEarlierCapture() {
        begin(THREAD_LOCAL);
        Cuda.ok(Cudart.cudaEventRecord(event, stream));
        Cuda.ok(Cudart.cudaGraphDestroy(Cuda.make(out -> Cudart.cudaStreamEndCapture(stream, out))));
        begin(THREAD_LOCAL);
        Cuda.refused(ISOLATION, Cudart.cudaStreamWaitEvent(stream, event, 0), "cudaStreamWaitEvent", "outside the capture");
        endInvalidated("cudaStreamWaitEvent");
    }

    @Test
    void deviceMemoryThatWasFreedAndAllocatedAnewSinceTheCapture() {
        MemorySegment block = Cuda.malloc(16);
        MemorySegment executable = Cuda.capture(stream, () -> Cuda.ok(Cudart.cudaMemsetAsync(block, 0, 16, stream)));
        Cuda.free(block);
        MemorySegment other = Cuda.malloc(16);
        Cuda.refused(ILLEGAL_ADDRESS, Cudart.cudaGraphLaunch(executable, stream), "cudaMemsetAsync", "devPtr", "freed before");
        Cuda.free(other);
        Cuda.ok(Cudart.cudaGraphExecDestroy(executable));
    }

    /** The C library hands the same block out again, so that the address alone would not tell. */
    @Test
    void pinnedMemoryThatWasFreedAndAllocatedAnewSinceTheCapture() {
        MemorySegment block = Cuda.malloc(16);
        MemorySegment pinned = Cuda.make(out -> Cudart.cudaMallocHost(out, 16));
        MemorySegment executable = Cuda.capture(stream, () -> Cuda.ok(Cudart.cudaMemcpyAsync(block, pinned, 16, 1, stream)));
        Cuda.ok(Cudart.cudaFreeHost(pinned));
        Cuda.refused(INVALID_VALUE, Cudart.cudaGraphLaunch(executable, stream), "cudaMemcpyAsync", "src was pinned", "freed since");
        MemorySegment other = Cuda.make(out -> Cudart.cudaMallocHost(out, 16));
        Cuda.refused(INVALID_VALUE, Cudart.cudaGraphLaunch(executable, stream), "cudaMemcpyAsync", "src was pinned", "freed since");
        Cuda.ok(Cudart.cudaFreeHost(other));
        Cuda.free(block);
        Cuda.ok(Cudart.cudaGraphExecDestroy(executable));
    }
}
