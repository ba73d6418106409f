package dev.gatun.cuda;

import java.lang.foreign.MemorySegment;

/**
 * A kernel of a {@link KernelModule}.
 *
 * @param module what it was found in, and lives as long as
 * @param name the name of its {@code .entry}
 * @param function the {@code CUfunction}
 */
public record Kernel(KernelModule module, String name, MemorySegment function) {
    /**
     * Prepares a launch over a one-dimensional grid, so that launching it allocates nothing.
     *
     * @param grid blocks, at least 1
     * @param block threads a block, 1 to 1024
     * @param arguments the kernel's parameters in order: {@link DeviceBuffer} for a pointer, {@code null} for a null pointer,
     *         {@link Integer}, {@link Long}, {@link Float} or {@link Double} for a value of that size
     * @throws IllegalArgumentException if an argument is of another type
     */
    public KernelCall call(int grid, int block, Object... arguments) {
        return new KernelCall(this, grid, block, arguments);
    }
}
