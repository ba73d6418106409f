package dev.gatun.device;

import dev.gatun.device.spi.DeviceProvider;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * NVIDIA's libraries where there is no driver, as a device: calls that need none work. This module comes before the software device
 * on the class path, so that it is found in its place.
 */
public final class LibrariesWithoutDriver implements DeviceProvider {
    private static final int NEWEST_DRIVER = 13000;

    private final CudaLibraries libraries = CudaLibraries.openBeside(name -> Optional.empty(), NEWEST_DRIVER);

    @Override
    public String describe() {
        return libraries.describe();
    }

    @Override
    public String origin(NativeLibrary library) {
        return libraries.origin(library);
    }

    @Override
    public MemorySegment find(NativeLibrary library, String symbol, FunctionDescriptor descriptor) {
        return libraries.find(library, symbol, descriptor);
    }
}
