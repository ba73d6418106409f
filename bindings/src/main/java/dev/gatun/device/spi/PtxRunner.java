package dev.gatun.device.spi;

import java.lang.foreign.MemorySegment;

/**
 * Runs kernels by executing their PTX, found with {@link java.util.ServiceLoader}: with {@code -Dgatun.kernels=ptx} a software
 * device uses it in place of the {@link KernelTwins}. It is for tests, far too slow for anything else.
 */
public interface PtxRunner {
    /**
     * Runs a launch; on return all its writes are done.
     *
     * @param ptx the module's text
     * @param kernel the name of its {@code .entry}
     * @param blocks the size of the grid, which has one dimension
     * @param threads the size of a block, which has one dimension
     * @param parameters the bits of the parameters, in order; those above a 32-bit parameter are its sign's or zero
     * @param memory the device's memory
     * @throws RuntimeException if the kernel cannot be run, or does what it must not
     */
    void run(String ptx, String kernel, int blocks, int threads, long[] parameters, Memory memory);

    /** The device's memory, as kernels see it. */
    interface Memory {
        /** Returns the live allocation that an address lies in, or null. */
        Extent at(long address);
    }

    /**
     * One allocation.
     *
     * @param address of its first byte, as kernels see it
     * @param content its bytes
     */
    record Extent(long address, MemorySegment content) {}
}
