package dev.gatun.host;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.driver.CudaDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The module of {@link ScaleTwins}, loaded with the driver's API. */
final class ScaleKernel implements AutoCloseable {
    final Arena arena = Arena.ofConfined();
    final MemorySegment module;

    ScaleKernel() {
        Cuda.ok(CudaDriver.cuInit(0));
        Cuda.ok(Cudart.cudaSetDevice(0));
        module = Cuda.make(out -> CudaDriver.cuModuleLoadData(out, arena.allocateFrom(ScaleTwins.PTX)));
    }

    MemorySegment function(String name) {
        return Cuda.make(out -> CudaDriver.cuModuleGetFunction(out, module, arena.allocateFrom(name)));
    }

    /** Launches {@code scale}; the driver copies the arguments during the call, so that they may go at once. */
    int scale(MemorySegment stream, MemorySegment values, float factor, int n) {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment parameters = call.allocate(ValueLayout.ADDRESS, 3);
            parameters.setAtIndex(ValueLayout.ADDRESS, 0, call.allocateFrom(ValueLayout.ADDRESS, values));
            parameters.setAtIndex(ValueLayout.ADDRESS, 1, call.allocateFrom(ValueLayout.JAVA_FLOAT, factor));
            parameters.setAtIndex(ValueLayout.ADDRESS, 2, call.allocateFrom(ValueLayout.JAVA_INT, n));
            return launch(function("scale"), 1, 32, stream, parameters);
        }
    }

    static int launch(MemorySegment function, int grid, int block, MemorySegment stream, MemorySegment parameters) {
        return CudaDriver.cuLaunchKernel(function, grid, 1, 1, block, 1, 1, 0, stream, parameters, Cuda.NULL);
    }

    @Override
    public void close() {
        Cuda.ok(CudaDriver.cuModuleUnload(module));
        arena.close();
    }
}
