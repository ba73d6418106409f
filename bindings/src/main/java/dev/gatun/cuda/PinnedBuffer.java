package dev.gatun.cuda;

import dev.gatun.device.Owner;
import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Page-locked host memory, from which copies to the device overlap with other work. Any thread may use it. */
public final class PinnedBuffer extends Owner {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    private PinnedBuffer(MemorySegment memory, long bytes) {
        segment = MemorySegment.ofAddress(memory.address()).reinterpret(bytes, arena, null);
    }

    /**
     * Allocates page-locked memory ({@code cudaHostAlloc}).
     *
     * @param bytes at least 1
     * @throws IllegalArgumentException if {@code bytes} is below 1
     * @throws CudaException if there is no such amount
     */
    public static PinnedBuffer allocate(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("a pinned buffer needs at least 1 byte, got " + bytes);
        }
        MemorySegment pointer = result();
        int status = Cudart.cudaHostAlloc(pointer, bytes, 0);
        if (status != 0) {
            throw CudaException.runtime(status, "cudaHostAlloc", bytes + " bytes");
        }
        return new PinnedBuffer(pointer.get(Cudart.C_POINTER, 0), bytes);
    }

    /** Returns the memory; it refuses access once this buffer is closed. */
    public MemorySegment segment() {
        requireOpen();
        return segment;
    }

    @Override
    protected void destroy() {
        MemorySegment memory = MemorySegment.ofAddress(segment.address());
        arena.close();
        CudaException.checkRuntime(Cudart.cudaFreeHost(memory), "cudaFreeHost");
    }
}
