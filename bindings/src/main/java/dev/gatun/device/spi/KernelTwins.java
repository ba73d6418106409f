package dev.gatun.device.spi;

import java.util.Map;

/**
 * The Java twins of a library's CUDA kernels, found with {@link java.util.ServiceLoader}: a software device runs the twin
 * where a GPU would run the kernel of that name.
 */
public interface KernelTwins {
    /** Returns the twins by the name of their PTX {@code .entry}. */
    Map<String, KernelTwin> byName();
}
