package dev.gatun.cuda;

import dev.gatun.device.Owner;
import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Device memory, or a slice of it.
 *
 * <p>It is an address and a length, never a {@link MemorySegment} that Java code could read by mistake. Closing a buffer made
 * by {@link #allocate} frees the memory; its slices then refuse to be used. Closing a slice frees nothing. Any thread may use
 * a buffer; ordering is that of the streams.
 */
public final class DeviceBuffer implements AutoCloseable {
    private final Allocation allocation;
    private final boolean slice;
    private final long byteSize;
    private final MemorySegment pointer;

    private DeviceBuffer(Allocation allocation, boolean slice, long address, long byteSize) {
        this.allocation = allocation;
        this.slice = slice;
        this.byteSize = byteSize;
        this.pointer = MemorySegment.ofAddress(address);
    }

    /** The memory behind a buffer and its slices. */
    private static final class Allocation extends Owner {
        private final MemorySegment pointer;

        Allocation(MemorySegment pointer) {
            this.pointer = pointer;
        }

        static Allocation make(long bytes) {
            MemorySegment pointer = result();
            int status = Cudart.cudaMalloc(pointer, bytes);
            if (status != 0) {
                throw CudaException.runtime(status, "cudaMalloc", bytes + " bytes");
            }
            return new Allocation(MemorySegment.ofAddress(pointer.get(ValueLayout.JAVA_LONG, 0)));
        }

        @Override
        protected void destroy() {
            CudaException.checkRuntime(Cudart.cudaFree(pointer), "cudaFree");
        }

        void require() {
            requireOpen();
        }
    }

    /**
     * Allocates device memory ({@code cudaMalloc}); its contents are undefined.
     *
     * @param bytes at least 1
     * @throws IllegalArgumentException if {@code bytes} is below 1
     * @throws CudaException if the device has no such amount left
     */
    public static DeviceBuffer allocate(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("a device buffer needs at least 1 byte, got " + bytes);
        }
        Allocation allocation = Allocation.make(bytes);
        return new DeviceBuffer(allocation, false, allocation.pointer.address(), bytes);
    }

    /** Allocates room for {@code count} 32-bit floats, as {@link #allocate} does. */
    public static DeviceBuffer allocateFloats(long count) {
        return allocate(Math.multiplyExact(count, (long) Float.BYTES));
    }

    /** Returns the device address. */
    public long address() {
        return pointer.address();
    }

    /** Returns the length in bytes. */
    public long byteSize() {
        return byteSize;
    }

    /**
     * Returns the device address as the generated bindings take it: a segment of length 0.
     *
     * @throws IllegalStateException if the memory was freed
     */
    public MemorySegment pointer() {
        allocation.require();
        return pointer;
    }

    /**
     * Returns a view of a part.
     *
     * @throws IndexOutOfBoundsException if the part does not lie inside this buffer
     */
    public DeviceBuffer slice(long offset, long bytes) {
        if (offset < 0 || bytes < 0 || offset > byteSize - bytes) {
            throw new IndexOutOfBoundsException("bytes " + offset + " to " + (offset + bytes) + " of a device buffer of " + byteSize);
        }
        return new DeviceBuffer(allocation, true, pointer.address() + offset, bytes);
    }

    /** Returns a view of {@code count} floats from float {@code first} on, as {@link #slice} does. */
    public DeviceBuffer sliceFloats(long first, long count) {
        return slice(Math.multiplyExact(first, (long) Float.BYTES), Math.multiplyExact(count, (long) Float.BYTES));
    }

    /**
     * Copies host memory to the start of this buffer; on return the copy is done.
     *
     * @param host off-heap memory, at most as long as this buffer
     */
    public void copyFrom(MemorySegment host) {
        requireHost(host);
        CudaException.checkRuntime(Cudart.cudaMemcpy(pointer(), host, host.byteSize(), Cudart.cudaMemcpyHostToDevice()), "cudaMemcpy");
        // From pageable memory cudaMemcpy may return before the last bytes arrive, which a non-blocking stream would not wait for
        // (CUDA runtime API, "API synchronization behavior").
        CudaException.checkRuntime(Cudart.cudaStreamSynchronize(MemorySegment.NULL), "cudaStreamSynchronize");
    }

    /**
     * Copies the start of this buffer to host memory; on return the copy is done, after all work that was enqueued before on
     * blocking streams. Work on a {@link Stream} is waited for with {@link Stream#synchronize}.
     *
     * @param host off-heap memory, at most as long as this buffer
     */
    public void copyTo(MemorySegment host) {
        requireHost(host);
        CudaException.checkRuntime(Cudart.cudaMemcpy(host, pointer(), host.byteSize(), Cudart.cudaMemcpyDeviceToHost()), "cudaMemcpy");
    }

    /**
     * Enqueues a copy from host memory, which must not change or be freed before the stream has done it; it overlaps with
     * other work only from a {@link PinnedBuffer}.
     */
    public void copyFromAsync(MemorySegment host, Stream stream) {
        requireHost(host);
        CudaException.checkRuntime(Cudart.cudaMemcpyAsync(pointer(), host, host.byteSize(), Cudart.cudaMemcpyHostToDevice(),
                stream.handle()), "cudaMemcpyAsync");
    }

    /** Enqueues a copy to host memory, which must stay alive, and holds the data only once the stream has done it. */
    public void copyToAsync(MemorySegment host, Stream stream) {
        requireHost(host);
        CudaException.checkRuntime(Cudart.cudaMemcpyAsync(host, pointer(), host.byteSize(), Cudart.cudaMemcpyDeviceToHost(),
                stream.handle()), "cudaMemcpyAsync");
    }

    /** Enqueues a copy of the whole of another buffer to the start of this one. */
    public void copyFromAsync(DeviceBuffer source, Stream stream) {
        requireRoom(source.byteSize);
        CudaException.checkRuntime(Cudart.cudaMemcpyAsync(pointer(), source.pointer(), source.byteSize,
                Cudart.cudaMemcpyDeviceToDevice(), stream.handle()), "cudaMemcpyAsync");
    }

    /** Enqueues setting every byte to 0, which is 0.0 in every floating-point type. */
    public void zeroAsync(Stream stream) {
        CudaException.checkRuntime(Cudart.cudaMemsetAsync(pointer(), 0, byteSize, stream.handle()), "cudaMemsetAsync");
    }

    private void requireHost(MemorySegment host) {
        if (!host.isNative()) {
            throw new IllegalArgumentException("host memory for a copy must be off-heap: allocate it from an Arena or a PinnedBuffer");
        }
        requireRoom(host.byteSize());
    }

    private void requireRoom(long bytes) {
        if (bytes > byteSize) {
            throw new IndexOutOfBoundsException("a copy of " + bytes + " bytes does not fit a device buffer of " + byteSize);
        }
    }

    /** Frees the memory unless this is a slice; further calls do nothing. */
    @Override
    public void close() {
        if (!slice) {
            allocation.close();
        }
    }
}
