package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.driver.CudaDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class DriverTest {
    private static final int INVALID_VALUE = 1;
    private static final int INVALID_DEVICE = 101;

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
