package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.driver.CudaDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class DriverTest {
    private static final int INVALID_VALUE = 1;
    private static final int INVALID_DEVICE = 101;
    private static final int INVALID_IMAGE = 200;
    private static final int INVALID_CONTEXT = 201;
    private static final int INVALID_HANDLE = 400;
    private static final int NOT_FOUND = 500;
    private static final int ILLEGAL_ADDRESS = 700;
    private static final int NOT_SUPPORTED = 801;

    @Test
    void aKernelRunsAsItsTwin() {
        MemorySegment values = Cuda.upload(1, 2, 3, 4);
        try (ScaleKernel kernel = new ScaleKernel()) {
            Cuda.ok(kernel.scale(Cuda.NULL, values, 2.5f, 3));
            assertArrayEquals(new float[] {2.5f, 5, 7.5f, 4}, Cuda.download(values, 4));
        }
        Cuda.free(values);
    }

    @Test
    void aKernelThatRunsOutOfItsBuffer() {
        MemorySegment values = Cuda.upload(1, 2, 3);
        try (ScaleKernel kernel = new ScaleKernel()) {
            Cuda.refused(ILLEGAL_ADDRESS, kernel.scale(Cuda.NULL, values, 2, 4), "cuLaunchKernel",
                    "kernel scale, parameter 0 needs 16 bytes");
            Cuda.refused(ILLEGAL_ADDRESS, kernel.scale(Cuda.NULL, kernel.module, 2, 4), "cuLaunchKernel", "parameter 0");
        }
        Cuda.free(values);
    }

    @Test
    void parametersAreThoseOfThePtx() {
        try (ScaleKernel kernel = new ScaleKernel(); Arena arena = Arena.ofConfined()) {
            MemorySegment parameters = arena.allocateFrom(ValueLayout.ADDRESS, arena.allocate(8));
            Cuda.refused(INVALID_VALUE, ScaleKernel.launch(kernel.function("misread"), 1, 1, Cuda.NULL, parameters), "misread",
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

    @Test
    void theDeviceDescribesItself() {
        Cuda.ok(CudaDriver.cuInit(0));
        Cuda.refused(INVALID_VALUE, CudaDriver.cuInit(1), "cuInit");
        assertEquals(1, Cuda.getInt(CudaDriver::cuDeviceGetCount));
        assertEquals(0, Cuda.getInt(out -> CudaDriver.cuDeviceGet(out, 0)));
        assertTrue(Cuda.getLong(out -> CudaDriver.cuDeviceTotalMem_v2(out, 0)) > 1 << 20);
        assertEquals(Cuda.getInt(out -> CudaDriver.cuDeviceGetAttribute(out, 75, 0)),
                Cuda.getInt(out -> Cudart.cudaDeviceGetAttribute(out, 75, 0)));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(64);
            Cuda.ok(CudaDriver.cuDeviceGetName(name, 64, 0));
            assertEquals("Gatun host device", name.getString(0));
            Cuda.ok(CudaDriver.cuDeviceGetName(name, 6, 0));
            assertEquals("Gatun", name.getString(0));
            Cuda.refused(INVALID_DEVICE, CudaDriver.cuDeviceGetName(name, 64, 1), "there is no device 1");
            MemorySegment text = arena.allocate(ValueLayout.ADDRESS);
            Cuda.ok(CudaDriver.cuGetErrorName(700, text));
            assertEquals("CUDA_ERROR_ILLEGAL_ADDRESS", text.get(CudaDriver.C_POINTER, 0).getString(0));
            assertEquals(INVALID_VALUE, CudaDriver.cuGetErrorName(-5, text));
        }
    }
}
