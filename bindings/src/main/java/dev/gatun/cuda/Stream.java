package dev.gatun.cuda;

import dev.gatun.device.Owner;
import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.MemorySegment;

/**
 * A queue of work on the device, which does it in the order of the calls.
 *
 * <p>It does not synchronise with the legacy default stream. A capture must begin and end on one thread; all else may be
 * called from any thread that has made a CUDA call before.
 */
public final class Stream extends Owner {
    private static final int CAPTURE_THREAD_LOCAL = 1;

    private final MemorySegment handle;

    private Stream(MemorySegment handle) {
        this.handle = handle;
    }

    /**
     * Makes a non-blocking stream on the current device.
     *
     * @throws CudaException if the device refuses
     */
    public static Stream create() {
        MemorySegment pointer = result();
        CudaException.checkRuntime(Cudart.cudaStreamCreateWithFlags(pointer, Cudart.cudaStreamNonBlocking()), "cudaStreamCreateWithFlags");
        return new Stream(pointer.get(Cudart.C_POINTER, 0));
    }

    /** Returns the {@code cudaStream_t} for the generated bindings. */
    public MemorySegment handle() {
        requireOpen();
        return handle;
    }

    /**
     * Waits until all enqueued work is done.
     *
     * @throws CudaException if some of it failed
     */
    public void synchronize() {
        CudaException.checkRuntime(Cudart.cudaStreamSynchronize(handle()), "cudaStreamSynchronize");
    }

    /** Has later work on this stream wait for what an event marks. */
    public void waitFor(Event event) {
        CudaException.checkRuntime(Cudart.cudaStreamWaitEvent(handle(), event.handle(), 0), "cudaStreamWaitEvent");
    }

    /**
     * Records what {@code work} enqueues on this stream, instead of doing it, as a graph that can be launched again and again.
     * The work may not allocate, free or synchronise, and its addresses and sizes are those of every later launch.
     *
     * @throws CudaException if the work made a call that cannot be captured
     */
    public Graph capture(Runnable work) {
        MemorySegment graph = result();
        CudaException.checkRuntime(Cudart.cudaStreamBeginCapture(handle(), CAPTURE_THREAD_LOCAL), "cudaStreamBeginCapture");
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            // The stream must leave capture mode whatever happened; the first failure is the one to report.
            if (Cudart.cudaStreamEndCapture(handle(), graph) == 0) {
                Cudart.cudaGraphDestroy(graph.get(Cudart.C_POINTER, 0));
            }
            throw e;
        }
        CudaException.checkRuntime(Cudart.cudaStreamEndCapture(handle(), graph), "cudaStreamEndCapture");
        return Graph.instantiate(graph.get(Cudart.C_POINTER, 0));
    }

    @Override
    protected void destroy() {
        CudaException.checkRuntime(Cudart.cudaStreamDestroy(handle), "cudaStreamDestroy");
    }
}
