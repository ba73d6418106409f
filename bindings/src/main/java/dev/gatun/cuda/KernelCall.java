package dev.gatun.cuda;

import dev.gatun.generated.driver.CudaDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A prepared launch: grid, block and arguments stand in native memory, as {@code cuLaunchKernel} reads them.
 *
 * <p>Not thread-safe. A launch must be made on a thread that has made a CUDA runtime call before, which is what makes the
 * context current.
 */
public final class KernelCall {
    private final Kernel kernel;
    private final int grid;
    private final int block;
    private final MemorySegment values;
    private final MemorySegment pointers;
    private final Object[] arguments;

    KernelCall(Kernel kernel, int grid, int block, Object[] arguments) {
        if (grid < 1 || block < 1 || block > 1024) {
            throw new IllegalArgumentException(kernel.name() + ": a grid of " + grid + " blocks of " + block + " threads");
        }
        this.kernel = kernel;
        this.grid = grid;
        this.block = block;
        this.arguments = arguments.clone();
        values = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, Math.max(1, arguments.length));
        pointers = Arena.ofAuto().allocate(ValueLayout.ADDRESS, Math.max(1, arguments.length));
        for (int i = 0; i < arguments.length; i++) {
            pointers.setAtIndex(ValueLayout.ADDRESS, i, values.asSlice(8L * i));
            switch (arguments[i]) {
                case null -> values.setAtIndex(ValueLayout.JAVA_LONG, i, 0);
                case DeviceBuffer buffer -> values.setAtIndex(ValueLayout.JAVA_LONG, i, buffer.address());
                case Integer value -> values.set(ValueLayout.JAVA_INT, 8L * i, value);
                case Long value -> values.setAtIndex(ValueLayout.JAVA_LONG, i, value);
                case Float value -> values.set(ValueLayout.JAVA_FLOAT, 8L * i, value);
                case Double value -> values.set(ValueLayout.JAVA_DOUBLE, 8L * i, value);
                default -> throw new IllegalArgumentException(kernel.name() + ": argument " + i + " is a "
                        + arguments[i].getClass().getName() + "; expected DeviceBuffer, Integer, Long, Float or Double");
            }
        }
    }

    /** Changes a 4-byte integer argument for the launches to come. */
    public void set(int index, int value) {
        require(index, Integer.class);
        values.set(ValueLayout.JAVA_INT, 8L * index, value);
    }

    /** Changes a floating-point argument for the launches to come. */
    public void set(int index, float value) {
        require(index, Float.class);
        values.set(ValueLayout.JAVA_FLOAT, 8L * index, value);
    }

    private void require(int index, Class<?> type) {
        if (!type.isInstance(arguments[index])) {
            throw new IllegalArgumentException(kernel.name() + ": argument " + index + " is not of type " + type.getSimpleName());
        }
    }

    /**
     * Enqueues the kernel; allocates nothing.
     *
     * @throws CudaException if the driver refuses the launch
     * @throws IllegalStateException if the module, the stream or a buffer among the arguments was closed
     */
    public void launch(Stream stream) {
        kernel.module().requireLoaded();
        for (Object argument : arguments) {
            if (argument instanceof DeviceBuffer buffer) {
                buffer.pointer();
            }
        }
        int status = CudaDriver.cuLaunchKernel(kernel.function(), grid, 1, 1, block, 1, 1, 0, stream.handle(), pointers,
                MemorySegment.NULL);
        if (status != 0) {
            throw CudaException.driver(status, "cuLaunchKernel", kernel.name() + ", " + grid + " blocks of " + block + " threads");
        }
    }
}
