package dev.gatun.device.spi;

/** Computes what one CUDA kernel computes, for a whole launch. */
@FunctionalInterface
public interface KernelTwin {
    /** Runs the launch; on return all its writes are done. */
    void run(KernelLaunch launch);
}
