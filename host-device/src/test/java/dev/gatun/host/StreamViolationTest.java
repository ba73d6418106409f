package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Waits that were forgotten: what a GPU shows now and then, the lazy mode of these tests shows always. */
class StreamViolationTest {
    private static final int INVALID_VALUE = 1;
    private static final int ILLEGAL_ADDRESS = 700;
    private static final int LAUNCH_FAILURE = 719;
    private static final int TO_DEVICE = 1;
    private static final int TO_HOST = 2;

    private final MemorySegment stream = Cuda.stream();
    private final MemorySegment other = Cuda.stream();
    private final MemorySegment event = Cuda.make(Cudart::cudaEventCreate);
    private final MemorySegment pinned = Cuda.make(out -> Cudart.cudaMallocHost(out, 8)).reinterpret(8);
    private final MemorySegment x = Cuda.upload(1, 2);

    @AfterEach
    void close() {
        Cuda.ok(Cudart.cudaStreamDestroy(stream));
        Cuda.ok(Cudart.cudaStreamDestroy(other));
        Cuda.ok(Cudart.cudaEventDestroy(event));
        Cuda.ok(Cudart.cudaFreeHost(pinned));
        Cuda.free(x);
    }

    @Test
    void readingAResultBeforeItsCopyWasWaitedForGivesNaN() {
        pinned.fill((byte) 0);
        Cuda.ok(Cudart.cudaMemcpyAsync(pinned, x, 8, TO_HOST, stream));
        Cuda.ok(Cudart.cudaEventRecord(event, stream));
        assertTrue(Float.isNaN(pinned.get(ValueLayout.JAVA_FLOAT, 0)));
        Cuda.ok(Cudart.cudaEventSynchronize(event));
        assertEquals(1, pinned.get(ValueLayout.JAVA_FLOAT, 0));
        Violations.caught();
    }

    @Test
    void aStreamThatDoesNotWaitForAnotherReadsWhatWasThereBefore() {
        Cuda.ok(Cudart.cudaMemsetAsync(x, 0, 8, stream));
        Cuda.ok(Cudart.cudaMemcpyAsync(pinned, x, 8, TO_HOST, other));
        Cuda.ok(Cudart.cudaStreamSynchronize(other));
        assertArrayEquals(new float[] {1, 2}, pinned.toArray(ValueLayout.JAVA_FLOAT));
        Violations.caught();
    }

    @Test
    void aPinnedSourceThatChangesBeforeItsCopyIsDone() {
        pinned.fill((byte) 0);
        int enqueued = Cudart.cudaMemcpyAsync(x, pinned, 8, TO_DEVICE, stream);
        pinned.set(ValueLayout.JAVA_FLOAT, 4, 9);
        Cuda.ok(enqueued);
        Cuda.refused(LAUNCH_FAILURE, Cudart.cudaStreamSynchronize(stream), "cudaStreamSynchronize", "cudaMemcpyAsync: src", "changed");
    }

    @Test
    void aPinnedSourceThatChangesBeforeAReplayedCopyIsDone() {
        pinned.fill((byte) 0);
        MemorySegment graph = Cuda.capture(stream, () -> Cuda.ok(Cudart.cudaMemcpyAsync(x, pinned, 8, TO_DEVICE, stream)));
        int enqueued = Cudart.cudaGraphLaunch(graph, stream);
        pinned.set(ValueLayout.JAVA_FLOAT, 4, 9);
        Cuda.refusedLater(LAUNCH_FAILURE, enqueued, "cudaMemcpyAsync: src", "changed");
        Cuda.ok(Cudart.cudaGraphExecDestroy(graph));
    }

    @Test
    void aPinnedSourceThatIsFreedBeforeItsCopyIsDone() {
        Cuda.ok(Cudart.cudaMemcpyAsync(x, pinned, 8, TO_DEVICE, stream));
        Cuda.refused(INVALID_VALUE, Cudart.cudaFreeHost(pinned), "cudaFreeHost", "src of a cudaMemcpyAsync");
        Cuda.ok(Cudart.cudaStreamSynchronize(stream));
    }

    @Test
    void aPinnedTargetThatIsFreedBeforeItsCopyIsDone() {
        Cuda.ok(Cudart.cudaMemcpyAsync(pinned, x, 8, TO_HOST, stream));
        Cuda.refused(INVALID_VALUE, Cudart.cudaFreeHost(pinned), "cudaFreeHost", "dst of a cudaMemcpyAsync");
        Cuda.ok(Cudart.cudaStreamSynchronize(stream));
    }

    /** As after a fault on a GPU, nothing more is done until a call has reported it. */
    @Test
    void aFailureIsReportedByTheNextCallThatWaits() {
        try (ScaleKernel kernel = new ScaleKernel()) {
            Cuda.ok(kernel.scale(stream, x, 2, 3));
            Cuda.ok(Cudart.cudaMemcpyAsync(pinned, x, 8, TO_HOST, stream));
            Cuda.ok(Cudart.cudaEventRecord(event, stream));
            Cuda.refused(ILLEGAL_ADDRESS, Cudart.cudaEventSynchronize(event), "cudaEventSynchronize", "enqueued before",
                    "cuLaunchKernel: kernel scale, parameter 0 needs 12 bytes");
            assertTrue(Float.isNaN(pinned.get(ValueLayout.JAVA_FLOAT, 0)), "work behind the failure was done");
            Cuda.ok(Cudart.cudaStreamSynchronize(stream));
        }
    }

    @Test
    void aFailureThatNoCallWaitedForIsReportedWhenMemoryIsFreed() {
        MemorySegment block = Cuda.malloc(8);
        try (ScaleKernel kernel = new ScaleKernel()) {
            Cuda.ok(kernel.scale(stream, block, 2, 3));
        }
        Cuda.refused(ILLEGAL_ADDRESS, Cudart.cudaFree(block), "cudaFree", "cuLaunchKernel: kernel scale");
        Cuda.refused(INVALID_VALUE, Cudart.cudaFree(block), "freed before");
    }

    @Test
    void aHandleOnAStreamThatWasDestroyed() {
        MemorySegment gone = Cuda.stream();
        Cuda.ok(Cudart.cudaStreamDestroy(gone));
        MemorySegment handle = Cuda.make(Cudnn::cudnnCreate);
        Cuda.refused(2000, Cudnn.cudnnSetStream(handle, gone), "cudnnSetStream", "destroyed before");
        Cuda.ok(Cudnn.cudnnDestroy(handle));
    }
}
