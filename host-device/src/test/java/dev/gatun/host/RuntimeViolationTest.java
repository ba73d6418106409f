package dev.gatun.host;

import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Mistakes with memory, streams and events that checked mode names. */
class RuntimeViolationTest {
    private static final int INVALID_VALUE = 1;
    private static final int INVALID_HANDLE = 400;
    private static final int ILLEGAL_ADDRESS = 700;

    @Test
    void aDoubleFree() {
        MemorySegment block = Cuda.malloc(16);
        Cuda.free(block);
        Cuda.refused(INVALID_VALUE, Cudart.cudaFree(block), "cudaFree", "freed before");
    }

    @Test
    void freeingWhatIsNotTheStartOfAnAllocation() {
        MemorySegment block = Cuda.malloc(16);
        Cuda.refused(INVALID_VALUE, Cudart.cudaFree(Cuda.plus(block, 8)), "cudaFree", "8 bytes into an allocation");
        Cuda.refused(INVALID_VALUE, Cudart.cudaFreeHost(block), "cudaFreeHost", "device pointer");
        Cuda.free(block);
        try (Arena arena = Arena.ofConfined()) {
            Cuda.refused(INVALID_VALUE, Cudart.cudaFree(arena.allocate(16)), "cudaFree", "host pointer");
        }
    }

    @Test
    void copiesAndFillsBeyondAnAllocation() {
        MemorySegment block = Cuda.malloc(16);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(32);
            Cuda.refused(ILLEGAL_ADDRESS, Cudart.cudaMemcpy(block, host, 17, 1), "cudaMemcpy", "dst needs 17 bytes");
            Cuda.refused(ILLEGAL_ADDRESS, Cudart.cudaMemcpy(host, Cuda.plus(block, 8), 9, 2), "cudaMemcpy", "src needs 9 bytes");
            Cuda.refused(ILLEGAL_ADDRESS, Cudart.cudaMemsetAsync(block, 0, 17, Cuda.NULL), "cudaMemsetAsync", "devPtr needs 17 bytes");
        }
        Cuda.free(block);
        Cuda.refused(ILLEGAL_ADDRESS, Cudart.cudaMemset(block, 0, 4), "cudaMemset", "freed before");
    }

    @Test
    void pointersOnTheWrongSideOfACopy() {
        MemorySegment block = Cuda.malloc(16);
        MemorySegment pinned = Cuda.make(out -> Cudart.cudaMallocHost(out, 16));
        Cuda.refused(INVALID_VALUE, Cudart.cudaMemcpy(pinned, block, 16, 1), "cudaMemcpy", "src is a device pointer");
        Cuda.refused(ILLEGAL_ADDRESS, Cudart.cudaMemcpy(pinned, block, 16, 3), "cudaMemcpy", "dst", "host pointer");
        Cuda.refused(INVALID_VALUE, Cudart.cudaMemcpy(pinned, block, 32, 5), "unknown kind");
        Cuda.refused(INVALID_VALUE, Cudart.cudaMalloc(block, 16), "cudaMalloc", "devPtr is a device pointer");
        MemorySegment longer = Cuda.malloc(32);
        Cuda.refused(INVALID_VALUE, Cudart.cudaMemcpy(pinned, longer, 32, 2), "cudaMemcpy", "dst needs 32 bytes", "pinned");
        Cuda.ok(Cudart.cudaFreeHost(pinned));
        Cuda.refused(INVALID_VALUE, Cudart.cudaFreeHost(pinned), "cudaFreeHost", "not the start of live pinned");
        Cuda.free(block, longer);
    }

    @Test
    void timesOfEventsThatHaveNone() {
        MemorySegment start = Cuda.make(Cudart::cudaEventCreate);
        MemorySegment plain = Cuda.make(out -> Cudart.cudaEventCreateWithFlags(out, Cudart.cudaEventDisableTiming()));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment milliseconds = arena.allocate(4);
            Cuda.refused(INVALID_HANDLE, Cudart.cudaEventElapsedTime(milliseconds, start, start), "cudaEventElapsedTime", "recorded");
            Cuda.ok(Cudart.cudaEventRecord(start, Cuda.NULL));
            Cuda.ok(Cudart.cudaEventRecord(plain, Cuda.NULL));
            Cuda.refused(INVALID_HANDLE, Cudart.cudaEventElapsedTime(milliseconds, start, plain), "cudaEventDisableTiming");
        }
        Cuda.ok(Cudart.cudaEventDestroy(start));
        Cuda.ok(Cudart.cudaEventDestroy(plain));
    }

    @Test
    void handlesOfAnotherKindOrDestroyed() {
        MemorySegment stream = Cuda.stream();
        MemorySegment event = Cuda.make(Cudart::cudaEventCreate);
        Cuda.refused(INVALID_HANDLE, Cudart.cudaEventRecord(stream, stream), "event is a stream; expected an event");
        Cuda.ok(Cudart.cudaEventDestroy(event));
        Cuda.refused(INVALID_HANDLE, Cudart.cudaEventQuery(event), "cudaEventQuery", "destroyed before");
        Cuda.ok(Cudart.cudaStreamDestroy(stream));
        Cuda.refused(INVALID_HANDLE, Cudart.cudaStreamSynchronize(stream), "cudaStreamSynchronize", "destroyed before");
    }

    @Test
    void aStreamWithUnknownFlags() {
        try (Arena arena = Arena.ofConfined()) {
            Cuda.refused(INVALID_VALUE, Cudart.cudaStreamCreateWithFlags(arena.allocate(8), 4), "unknown flags 4");
        }
    }
}
