package dev.gatun.device;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** Where the generated bindings look their functions up: on the process's one {@link Device}. */
public final class Symbols {
    private static CallListener listener;
    private static boolean lookedUp;

    private Symbols() {}

    /**
     * Returns the address of a function on the chosen device, choosing one first if none has been.
     *
     * @throws DeviceException if no device can be chosen or the symbol is missing from its libraries
     */
    public static MemorySegment find(NativeLibrary library, String symbol, FunctionDescriptor descriptor) {
        CallListener told = listener();
        MemorySegment address = Device.current().find(library, symbol, descriptor);
        return told == null ? address : telling(told, library, symbol, descriptor, address);
    }

    /**
     * Has every native call of the generated bindings tell a listener first, whichever device answers it: to count them, for
     * example. Each call then takes some 0.1 µs more; without a listener nothing stands between the bindings and the library.
     *
     * @throws IllegalStateException if a function has been looked up before, since its calls would go untold, or there is a
     *         listener already
     */
    public static synchronized void listen(CallListener told) {
        if (lookedUp || listener != null) {
            throw new IllegalStateException("calls can be listened to only from the start of a process: "
                    + (lookedUp ? "functions have been looked up before" : "there is a listener already"));
        }
        listener = told;
    }

    private static synchronized CallListener listener() {
        lookedUp = true;
        return listener;
    }

    /** Makes a C function that tells the listener, and then calls the one at the address. */
    private static MemorySegment telling(CallListener told, NativeLibrary library, String symbol, FunctionDescriptor descriptor,
            MemorySegment address) {
        try {
            MethodHandle calling = MethodHandles.publicLookup().findVirtual(CallListener.class, "calling",
                    MethodType.methodType(void.class, NativeLibrary.class, String.class));
            Linker linker = Linker.nativeLinker();
            MethodHandle function = MethodHandles.foldArguments(linker.downcallHandle(address, descriptor),
                    MethodHandles.insertArguments(calling, 0, told, library, symbol));
            return linker.upcallStub(function, descriptor, Arena.global());
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
