package dev.gatun.host;

import dev.gatun.generated.driver.CudaDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Mistakes with modules, kernels and contexts that checked mode names. */
class DriverViolationTest {
    private static final int INVALID_VALUE = 1;
    private static final int INVALID_IMAGE = 200;
    private static final int INVALID_CONTEXT = 201;
    private static final int INVALID_HANDLE = 400;
    private static final int NOT_FOUND = 500;
    private static final int ILLEGAL_ADDRESS = 700;
    private static final int LAUNCH_FAILURE = 719;
    private static final int NOT_SUPPORTED = 801;

    @Test
    void aKernelThatRunsOutOfItsBuffer() {
        MemorySegment values = Cuda.upload(1, 2, 3);
        try (ScaleKernel kernel = new ScaleKernel()) {
            Cuda.refusedLater(ILLEGAL_ADDRESS, kernel.scale(Cuda.NULL, values, 2, 4), "cuLaunchKernel",
                    "kernel scale, parameter 0 needs 16 bytes");
            Cuda.refusedLater(ILLEGAL_ADDRESS, kernel.scale(Cuda.NULL, kernel.module, 2, 4), "cuLaunchKernel", "parameter 0");
        }
        Cuda.free(values);
    }

    @Test
    void parametersAreThoseOfThePtx() {
        try (ScaleKernel kernel = new ScaleKernel(); Arena arena = Arena.ofConfined()) {
            MemorySegment parameters = arena.allocateFrom(ValueLayout.ADDRESS, arena.allocate(8));
            Cuda.refusedLater(LAUNCH_FAILURE, ScaleKernel.launch(kernel.function("misread"), 1, 1, Cuda.NULL, parameters), "misread",
                    "declares parameter 0 as u64", "its twin reads f32");
            Cuda.refused(INVALID_VALUE, ScaleKernel.launch(kernel.function("misread"), 1, 1, Cuda.NULL, Cuda.NULL), "cuLaunchKernel",
                    "kernelParams is NULL");
            Cuda.refused(NOT_SUPPORTED, ScaleKernel.launch(kernel.function("lonely"), 1, 1, Cuda.NULL, Cuda.NULL), "lonely",
                    "no Java twin");
        }
    }

    @Test
    void launchesThatNoDeviceTakes() {
        try (ScaleKernel kernel = new ScaleKernel()) {
            MemorySegment function = kernel.function("lonely");
            Cuda.refused(INVALID_VALUE, ScaleKernel.launch(function, 0, 32, Cuda.NULL, Cuda.NULL), "cuLaunchKernel", "grid 0x1x1");
            Cuda.refused(INVALID_VALUE, ScaleKernel.launch(function, 1, 1025, Cuda.NULL, Cuda.NULL), "cuLaunchKernel", "1024 threads");
            Cuda.refused(NOT_SUPPORTED, CudaDriver.cuLaunchKernel(function, 1, 2, 1, 32, 1, 1, 0, Cuda.NULL, Cuda.NULL, Cuda.NULL),
                    "cuLaunchKernel", "more than one dimension");
            Cuda.refused(INVALID_HANDLE, ScaleKernel.launch(kernel.module, 1, 1, Cuda.NULL, Cuda.NULL), "cuLaunchKernel",
                    "f is a module; expected a kernel");
        }
    }

    @Test
    void modulesAndKernelsThatAreNotThere() {
        MemorySegment function;
        try (ScaleKernel kernel = new ScaleKernel(); Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(8);
            Cuda.refused(NOT_FOUND, CudaDriver.cuModuleGetFunction(out, kernel.module, arena.allocateFrom("absent")), "cuModuleGetFunction",
                    "no kernel 'absent'");
            Cuda.refused(NOT_FOUND, CudaDriver.cuModuleGetFunction(out, kernel.module, arena.allocateFrom("commented_out")),
                    "commented_out");
            Cuda.refused(INVALID_IMAGE, CudaDriver.cuModuleLoadData(out, arena.allocateFrom("not a module")), "not PTX");
            function = kernel.function("lonely");
        }
        Cuda.refused(INVALID_HANDLE, ScaleKernel.launch(function, 1, 1, Cuda.NULL, Cuda.NULL), "cuLaunchKernel", "destroyed before");
    }

    @Test
    void aThreadNeedsACurrentContext() {
        try (ScaleKernel kernel = new ScaleKernel()) {
            MemorySegment function = kernel.function("lonely");
            CompletableFuture<Void> other = new CompletableFuture<>();
            Thread.ofPlatform().start(() -> {
                try {
                    Cuda.refused(INVALID_CONTEXT, ScaleKernel.launch(function, 1, 1, Cuda.NULL, Cuda.NULL), "cuLaunchKernel",
                            "no context is current");
                    MemorySegment context = Cuda.make(out -> CudaDriver.cuDevicePrimaryCtxRetain(out, 0));
                    Cuda.ok(CudaDriver.cuCtxSetCurrent(context));
                    Cuda.refused(NOT_SUPPORTED, ScaleKernel.launch(function, 1, 1, Cuda.NULL, Cuda.NULL), "no Java twin");
                    Cuda.refused(INVALID_CONTEXT, CudaDriver.cuCtxSetCurrent(function), "cuCtxSetCurrent");
                    Cuda.ok(CudaDriver.cuDevicePrimaryCtxRelease_v2(0));
                    other.complete(null);
                } catch (Throwable t) {
                    other.completeExceptionally(t);
                }
            });
            other.join();
        }
    }
}
