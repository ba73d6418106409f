package dev.gatun.examples.library;

import dev.gatun.device.spi.KernelLaunch;
import dev.gatun.device.spi.KernelTwin;
import dev.gatun.device.spi.KernelTwins;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/**
 * What {@link CustomKernel}'s kernel computes, in Java. The software device finds it with {@link java.util.ServiceLoader}: it is
 * named in {@code module-info.java} for the module path and in {@code META-INF/services} for the class path.
 */
public final class AxpyTwin implements KernelTwins {
    /** For {@link java.util.ServiceLoader}. */
    public AxpyTwin() {}

    @Override
    public Map<String, KernelTwin> byName() {
        return Map.of("axpy", AxpyTwin::axpy);
    }

    /** Computes a whole launch: all blocks, all threads. Parameters are read by index, with the types that the PTX declares. */
    private static void axpy(KernelLaunch launch) {
        int n = launch.intAt(3);
        float a = launch.floatAt(2);
        MemorySegment y = launch.memoryAt(0, (long) n * Float.BYTES);
        MemorySegment x = launch.memoryAt(1, (long) n * Float.BYTES);
        for (int i = 0; i < n; i++) {
            float sum = Math.fma(a, x.getAtIndex(ValueLayout.JAVA_FLOAT, i), y.getAtIndex(ValueLayout.JAVA_FLOAT, i));
            y.setAtIndex(ValueLayout.JAVA_FLOAT, i, sum);
        }
    }
}
