package dev.gatun.cuda;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.driver.CudaDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What the device says of itself.
 *
 * @param name the device's name
 * @param totalMemoryBytes its memory
 * @param computeMajor compute capability, major
 * @param computeMinor compute capability, minor
 * @param multiprocessors streaming multiprocessors
 * @param driverVersion the CUDA version that the driver serves, 1000·major + 10·minor
 * @param runtimeVersion the CUDA version of the runtime, likewise
 */
public record DeviceInfo(String name, long totalMemoryBytes, int computeMajor, int computeMinor, int multiprocessors,
        int driverVersion, int runtimeVersion) {
    private static final int NAME_BYTES = 256;

    /**
     * Asks device 0.
     *
     * @throws CudaException if it does not answer
     */
    public static DeviceInfo read() {
        CudaException.checkDriver(CudaDriver.cuInit(0), "cuInit");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(NAME_BYTES);
            CudaException.checkDriver(CudaDriver.cuDeviceGetName(name, NAME_BYTES, 0), "cuDeviceGetName");
            MemorySegment version = arena.allocate(Cudart.C_INT);
            CudaException.checkRuntime(Cudart.cudaDriverGetVersion(version), "cudaDriverGetVersion");
            int driver = version.get(Cudart.C_INT, 0);
            CudaException.checkRuntime(Cudart.cudaRuntimeGetVersion(version), "cudaRuntimeGetVersion");
            return new DeviceInfo(name.getString(0), memory(1, arena),
                    attribute(Cudart.cudaDevAttrComputeCapabilityMajor(), arena),
                    attribute(Cudart.cudaDevAttrComputeCapabilityMinor(), arena),
                    attribute(Cudart.cudaDevAttrMultiProcessorCount(), arena), driver, version.get(Cudart.C_INT, 0));
        }
    }

    /**
     * Returns the major number of device 0's compute capability.
     *
     * @throws CudaException if it does not answer
     */
    public static int readComputeMajor() {
        try (Arena arena = Arena.ofConfined()) {
            return attribute(Cudart.cudaDevAttrComputeCapabilityMajor(), arena);
        }
    }

    /**
     * Returns how much of device 0's memory is free; other processes use it too.
     *
     * @throws CudaException if it does not answer
     */
    public static long freeMemoryBytes() {
        try (Arena arena = Arena.ofConfined()) {
            return memory(0, arena);
        }
    }

    /** Returns the free (0) or the whole memory (1). */
    private static long memory(int which, Arena arena) {
        MemorySegment sizes = arena.allocate(Cudart.C_LONG, 2);
        CudaException.checkRuntime(Cudart.cudaMemGetInfo(sizes, sizes.asSlice(Cudart.C_LONG.byteSize())), "cudaMemGetInfo");
        return sizes.getAtIndex(Cudart.C_LONG, which);
    }

    private static int attribute(int attribute, Arena arena) {
        MemorySegment value = arena.allocate(Cudart.C_INT);
        CudaException.checkRuntime(Cudart.cudaDeviceGetAttribute(value, attribute, 0), "cudaDeviceGetAttribute");
        return value.get(Cudart.C_INT, 0);
    }
}
