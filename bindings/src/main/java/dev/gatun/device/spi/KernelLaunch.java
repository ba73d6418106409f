package dev.gatun.device.spi;

import java.lang.foreign.MemorySegment;

/** One kernel launch as a twin sees it: its parameters by index, device memory, and workers. */
public interface KernelLaunch {
    /** Returns the number of blocks in x. */
    int gridX();

    /** Returns a 4-byte integer parameter. */
    int intAt(int parameter);

    /** Returns an 8-byte integer parameter. */
    long longAt(int parameter);

    /** Returns a 4-byte floating-point parameter. */
    float floatAt(int parameter);

    /**
     * Returns the device memory that a pointer parameter names.
     *
     * @param parameter the pointer's index among the kernel's parameters
     * @param bytes how many bytes from the pointer on the kernel may touch
     * @throws RuntimeException if they do not lie inside one live allocation, where the device checks that
     */
    MemorySegment memoryAt(int parameter, long bytes);

    /** Returns whether a pointer parameter is null. */
    boolean isNull(int parameter);

    /**
     * Runs {@code body} for 0 to {@code tasks - 1} on the device's workers and waits for them; task numbers are handed out
     * in no promised order, so that the result must not depend on it. A task may not call this itself.
     */
    void parallel(int tasks, Task body);

    /**
     * A part of a launch. It is given the launch, and reads the parameters itself: a reference to a static method is one object for
     * all launches, where a lambda that holds the parameters would be one for each.
     */
    @FunctionalInterface
    interface Task {
        /** Does the part of a number; any worker may be given it. */
        void run(KernelLaunch launch, int task);
    }
}
