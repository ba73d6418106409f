package dev.gatun.benchmarks.host;

import dev.gatun.device.NativeLibrary;
import dev.gatun.device.spi.DeviceProvider;
import dev.gatun.host.HostDevice;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * The software device, but that the functions of a step do nothing and say success: what then takes time is the program. All else,
 * such as memory, handles and sizes, is the software device's. This module comes before it on the class path, so that it is found in
 * its place.
 */
public final class IdleDevice implements DeviceProvider {
    /** What {@code Trainer.step} calls, and {@code loss}. */
    static final Set<String> STEP = Set.of("cudaEventSynchronize", "cudaMemcpyAsync", "cudaEventRecord", "cudaMemsetAsync",
            "cudaStreamSynchronize", "cudaGraphLaunch", "cuLaunchKernel", "cublasGemmEx", "cudnnRNNForward", "cudnnRNNBackwardData_v8",
            "cudnnRNNBackwardWeights_v8");

    /**
     * A C function that only returns 0, as the GNU C library has it. By C's calling conventions on 64-bit Linux it may be given any
     * arguments, for the caller clears them away.
     */
    private static final MemorySegment NOTHING = Linker.nativeLinker().defaultLookup().findOrThrow("pthread_condattr_destroy");

    private final DeviceProvider host = new HostDevice();

    @Override
    public String describe() {
        return "a device that does nothing, made of the " + host.describe();
    }

    @Override
    public String origin(NativeLibrary library) {
        return host.origin(library);
    }

    @Override
    public MemorySegment find(NativeLibrary library, String symbol, FunctionDescriptor descriptor) {
        return STEP.contains(symbol) ? NOTHING : host.find(library, symbol, descriptor);
    }
}
