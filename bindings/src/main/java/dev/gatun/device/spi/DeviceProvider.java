package dev.gatun.device.spi;

import dev.gatun.device.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;

/**
 * A device that stands behind the C ABI in place of NVIDIA's libraries; found with {@link java.util.ServiceLoader}.
 *
 * <p>Implementations are called from any thread, and must answer for every symbol that the generated bindings hold: what a
 * device does not compute returns the library's documented "not supported" status when called.
 */
public interface DeviceProvider {
    /** Returns one line for people: what the device is and what it computes with. */
    String describe();

    /** Returns where a library came from, for people: a file, or whatever stands in its place. */
    String origin(NativeLibrary library);

    /**
     * Returns the address of a C function.
     *
     * @param library the library that documents the function
     * @param symbol the exported name
     * @param descriptor the function's C signature, as generated from the vendor's header
     * @return a function pointer that stays valid for the life of the process
     */
    MemorySegment find(NativeLibrary library, String symbol, FunctionDescriptor descriptor);

    /**
     * Returns what the device has to say, in words, of the call of this thread that failed last, and forgets it; empty where
     * it has nothing to add to the library's own text.
     */
    default String explainLastFailure() {
        return "";
    }
}
