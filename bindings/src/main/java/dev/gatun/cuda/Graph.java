package dev.gatun.cuda;

import dev.gatun.device.Owner;
import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.MemorySegment;

/** Work that {@link Stream#capture} recorded, ready to be launched with one call. */
public final class Graph extends Owner {
    private final MemorySegment executable;

    private Graph(MemorySegment executable) {
        this.executable = executable;
    }

    /** Instantiates and destroys a {@code cudaGraph_t}. */
    static Graph instantiate(MemorySegment graph) {
        MemorySegment pointer = result();
        int status = Cudart.cudaGraphInstantiateWithFlags(pointer, graph, 0);
        CudaException.checkRuntime(Cudart.cudaGraphDestroy(graph), "cudaGraphDestroy");
        CudaException.checkRuntime(status, "cudaGraphInstantiateWithFlags");
        return new Graph(pointer.get(Cudart.C_POINTER, 0));
    }

    /**
     * Enqueues the recorded work; all memory that it names must still be alive.
     *
     * @throws CudaException if the device refuses
     */
    public void launch(Stream stream) {
        requireOpen();
        CudaException.checkRuntime(Cudart.cudaGraphLaunch(executable, stream.handle()), "cudaGraphLaunch");
    }

    @Override
    protected void destroy() {
        CudaException.checkRuntime(Cudart.cudaGraphExecDestroy(executable), "cudaGraphExecDestroy");
    }
}
