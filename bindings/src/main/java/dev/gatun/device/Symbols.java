package dev.gatun.device;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;

/** Where the generated bindings look their functions up: on the process's one {@link Device}. */
public final class Symbols {
    private Symbols() {}

    /**
     * Returns the address of a function on the chosen device, choosing one first if none has been.
     *
     * @throws DeviceException if no device can be chosen or the symbol is missing from its libraries
     */
    public static MemorySegment find(NativeLibrary library, String symbol, FunctionDescriptor descriptor) {
        return Device.current().find(library, symbol, descriptor);
    }
}
