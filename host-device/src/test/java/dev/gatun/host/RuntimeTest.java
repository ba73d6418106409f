package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class RuntimeTest {
    private static final int OUT_OF_MEMORY = 2;
    private static final int INVALID_DEVICE = 101;
    private static final int NOT_SUPPORTED = 801;
    private static final int DEFAULT_KIND = 4;

    @Test
    void versionsDevicesAndErrors() {
        assertEquals(13000, Cuda.getInt(Cudart::cudaRuntimeGetVersion));
        assertEquals(13000, Cuda.getInt(Cudart::cudaDriverGetVersion));
        assertEquals(1, Cuda.getInt(Cudart::cudaGetDeviceCount));
        assertEquals(0, Cuda.getInt(Cudart::cudaGetDevice));
        Cuda.refused(INVALID_DEVICE, Cudart.cudaSetDevice(1), "cudaSetDevice", "no device 1");
        assertEquals(INVALID_DEVICE, Cudart.cudaPeekAtLastError());
        assertEquals(INVALID_DEVICE, Cudart.cudaGetLastError());
        assertEquals(0, Cudart.cudaGetLastError());
        assertEquals("cudaErrorInvalidValue", Cudart.cudaGetErrorName(1).getString(0));
        assertEquals("invalid argument", Cudart.cudaGetErrorString(1).getString(0));
        assertEquals("cudaSuccess", Cudart.cudaGetErrorName(0).getString(0));
        assertEquals("unrecognized error code", Cudart.cudaGetErrorName(-1).getString(0));
        Cuda.ok(Cudart.cudaDeviceSynchronize());
    }

    @Test
    void memoryIsCountedAndFreed() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(8);
            MemorySegment total = arena.allocate(8);
            Cuda.ok(Cudart.cudaMemGetInfo(free, total));
            long before = free.get(ValueLayout.JAVA_LONG, 0);
            MemorySegment block = Cuda.malloc(1000);
            Cuda.ok(Cudart.cudaMemGetInfo(free, total));
            assertEquals(before - 1000, free.get(ValueLayout.JAVA_LONG, 0));
            Cuda.free(block);
            Cuda.ok(Cudart.cudaMemGetInfo(free, total));
            assertEquals(before, free.get(ValueLayout.JAVA_LONG, 0));
            Cuda.refused(OUT_OF_MEMORY, Cudart.cudaMalloc(free, 1L << 60), "cudaMalloc", "cannot allocate 1152921504606846976 bytes");
            Cuda.refused(OUT_OF_MEMORY, Cudart.cudaMalloc(free, -1), "cudaMalloc", "18446744073709551615");
        }
        Cuda.ok(Cudart.cudaFree(Cuda.NULL));
        assertEquals(0, Cuda.malloc(0).address(), "no bytes are no allocation");
        assertEquals(0, Cuda.malloc(1).address() % 256);
    }

    /** What was never written must not look like numbers, and device addresses must not be readable from Java. */
    @Test
    void freshMemoryIsNotANumberAndItsAddressIsMappedToNothing() {
        MemorySegment block = Cuda.mallocFloats(3);
        assertArrayEquals(new float[] {Float.NaN, Float.NaN, Float.NaN}, Cuda.download(block, 3));
        assertTrue(DeviceMemory.isOpaque(block.address()));
        Cuda.free(block);
    }

    @Test
    void copiesGoAllWays() {
        MemorySegment a = Cuda.upload(1, 2, 3);
        MemorySegment b = Cuda.mallocFloats(3);
        MemorySegment pinned = Cuda.make(out -> Cudart.cudaHostAlloc(out, 12, 0)).reinterpret(12);
        Cuda.ok(Cudart.cudaMemcpyAsync(b, a, 12, DEFAULT_KIND, Cuda.NULL));
        Cuda.ok(Cudart.cudaMemset(Cuda.plus(b, 4), 0, 4));
        Cuda.ok(Cudart.cudaMemcpyAsync(pinned, b, 12, DEFAULT_KIND, Cuda.NULL));
        Cuda.ok(Cudart.cudaStreamSynchronize(Cuda.NULL));
        assertArrayEquals(new float[] {1, 0, 3}, pinned.toArray(ValueLayout.JAVA_FLOAT));
        pinned.setAtIndex(ValueLayout.JAVA_FLOAT, 1, 7);
        Cuda.ok(Cudart.cudaMemcpy(a, pinned, 12, DEFAULT_KIND));
        assertArrayEquals(new float[] {1, 7, 3}, Cuda.download(a, 3));
        Cuda.ok(Cudart.cudaFreeHost(pinned));
        Cuda.free(a, b);
    }

    @Test
    void eventsMarkMomentsInOrder() throws InterruptedException {
        MemorySegment stream = Cuda.stream();
        MemorySegment start = Cuda.make(Cudart::cudaEventCreate);
        MemorySegment end = Cuda.make(Cudart::cudaEventCreate);
        MemorySegment plain = Cuda.make(out -> Cudart.cudaEventCreateWithFlags(out, Cudart.cudaEventDisableTiming()));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment milliseconds = arena.allocate(ValueLayout.JAVA_FLOAT);
            Cuda.ok(Cudart.cudaEventRecord(start, stream));
            Cuda.ok(Cudart.cudaEventSynchronize(start));
            Thread.sleep(5);
            Cuda.ok(Cudart.cudaEventRecord(end, stream));
            Cuda.ok(Cudart.cudaEventRecord(plain, stream));
            Cuda.ok(Cudart.cudaStreamWaitEvent(Cuda.NULL, end, 0));
            Cuda.ok(Cudart.cudaEventSynchronize(end));
            Cuda.ok(Cudart.cudaEventSynchronize(plain));
            Cuda.ok(Cudart.cudaEventQuery(plain));
            Cuda.ok(Cudart.cudaEventElapsedTime(milliseconds, start, end));
            assertTrue(milliseconds.get(ValueLayout.JAVA_FLOAT, 0) >= 5);
        }
        Cuda.ok(Cudart.cudaEventDestroy(start));
        Cuda.ok(Cudart.cudaEventDestroy(end));
        Cuda.ok(Cudart.cudaEventDestroy(plain));
        Cuda.ok(Cudart.cudaStreamDestroy(stream));
    }

    @Test
    void streamsSayHowTheyWereMade() {
        MemorySegment stream = Cuda.make(out -> Cudart.cudaStreamCreateWithPriority(out, 1, -2));
        assertEquals(1, Cuda.getInt(out -> Cudart.cudaStreamGetFlags(stream, out)));
        assertEquals(-2, Cuda.getInt(out -> Cudart.cudaStreamGetPriority(stream, out)));
        Cuda.ok(Cudart.cudaStreamQuery(stream));
        Cuda.ok(Cudart.cudaStreamDestroy(stream));
    }

    @Test
    void whatIsNotComputedSaysSo() {
        Cuda.refused(NOT_SUPPORTED, Cudart.cudaDeviceReset(), "cudaDeviceReset", "needs a GPU");
    }
}
