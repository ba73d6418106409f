package dev.gatun.cuda;

import dev.gatun.device.Owner;
import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.MemorySegment;

/** A mark in a stream's work. Any thread may use it. */
public final class Event extends Owner {
    private static final int NOT_READY = 600;

    private final MemorySegment handle;

    private Event(MemorySegment handle) {
        this.handle = handle;
    }

    /** Makes an event that cannot measure time, the cheaper kind. */
    public static Event create() {
        return create(Cudart.cudaEventDisableTiming());
    }

    /** Makes an event for {@link #millisecondsSince}. */
    public static Event createTiming() {
        return create(Cudart.cudaEventDefault());
    }

    private static Event create(int flags) {
        MemorySegment pointer = result();
        CudaException.checkRuntime(Cudart.cudaEventCreateWithFlags(pointer, flags), "cudaEventCreateWithFlags");
        return new Event(pointer.get(Cudart.C_POINTER, 0));
    }

    MemorySegment handle() {
        requireOpen();
        return handle;
    }

    /** Marks the end of all work enqueued on the stream so far. */
    public void record(Stream stream) {
        CudaException.checkRuntime(Cudart.cudaEventRecord(handle(), stream.handle()), "cudaEventRecord");
    }

    /** Waits until the marked work is done; returns at once if nothing was marked. */
    public void synchronize() {
        CudaException.checkRuntime(Cudart.cudaEventSynchronize(handle()), "cudaEventSynchronize");
    }

    /** Returns whether the marked work is done. */
    public boolean isDone() {
        int status = Cudart.cudaEventQuery(handle());
        if (status == NOT_READY) {
            return false;
        }
        CudaException.checkRuntime(status, "cudaEventQuery");
        return true;
    }

    /**
     * Returns the milliseconds between two marks, both made with {@link #createTiming} and done.
     *
     * @throws CudaException if they are not
     */
    public float millisecondsSince(Event start) {
        MemorySegment milliseconds = result();
        CudaException.checkRuntime(Cudart.cudaEventElapsedTime(milliseconds, start.handle(), handle()), "cudaEventElapsedTime");
        return milliseconds.get(Cudart.C_FLOAT, 0);
    }

    @Override
    protected void destroy() {
        CudaException.checkRuntime(Cudart.cudaEventDestroy(handle), "cudaEventDestroy");
    }
}
