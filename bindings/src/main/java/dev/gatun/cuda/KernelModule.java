package dev.gatun.cuda;

import dev.gatun.device.Owner;
import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.driver.CudaDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** CUDA kernels loaded from PTX; the driver compiles them for the device. */
public final class KernelModule extends Owner {
    private final MemorySegment handle;

    private KernelModule(MemorySegment handle) {
        this.handle = handle;
    }

    /**
     * Loads PTX into the device's primary context, the one that the CUDA runtime uses too.
     *
     * @param ptx the PTX text
     * @throws CudaException if the driver cannot compile it, for example because its {@code .version} is newer than the driver
     */
    public static KernelModule load(String ptx) {
        CudaException.checkDriver(CudaDriver.cuInit(0), "cuInit");
        // Makes the primary context current on this thread, which the driver's functions need.
        CudaException.checkRuntime(Cudart.cudaSetDevice(0), "cudaSetDevice");
        CudaException.checkRuntime(Cudart.cudaFree(MemorySegment.NULL), "cudaFree");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment module = arena.allocate(CudaDriver.C_POINTER);
            CudaException.checkDriver(CudaDriver.cuModuleLoadData(module, arena.allocateFrom(ptx)), "cuModuleLoadData");
            return new KernelModule(module.get(CudaDriver.C_POINTER, 0));
        }
    }

    /**
     * Finds a kernel by the name of its {@code .entry}.
     *
     * @throws CudaException if the module has none of that name
     */
    public Kernel kernel(String name) {
        requireOpen();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment function = arena.allocate(CudaDriver.C_POINTER);
            int status = CudaDriver.cuModuleGetFunction(function, handle, arena.allocateFrom(name));
            if (status != 0) {
                throw CudaException.driver(status, "cuModuleGetFunction", name);
            }
            return new Kernel(this, name, function.get(CudaDriver.C_POINTER, 0));
        }
    }

    void requireLoaded() {
        requireOpen();
    }

    @Override
    protected void destroy() {
        CudaException.checkDriver(CudaDriver.cuModuleUnload(handle), "cuModuleUnload");
    }
}
