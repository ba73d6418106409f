package dev.gatun.host;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Makes the methods of one library's {@link HostLibrary} parts callable from C, one stub a function, on first use. */
final class FunctionTable {
    private static final MethodHandle REFUSE = find("refuse", int.class);
    private static final MethodHandle REFUSE_WITHOUT_STATUS = find("refuseWithoutStatus", long.class);

    private final List<HostLibrary> parts;
    private final Map<HostLibrary, EntryPoints> entryPoints = new ConcurrentHashMap<>();
    private final Map<String, MemorySegment> stubs = new ConcurrentHashMap<>();

    FunctionTable(List<HostLibrary> parts) {
        this.parts = parts;
    }

    MemorySegment find(String symbol, FunctionDescriptor descriptor) {
        return stubs.computeIfAbsent(symbol, name -> stub(name, longsForPointers(descriptor)));
    }

    private MemorySegment stub(String symbol, FunctionDescriptor descriptor) {
        for (HostLibrary part : parts) {
            MethodHandle entry = entryPoints.computeIfAbsent(part, EntryPoints::new).find(symbol, descriptor.toMethodType());
            if (entry != null) {
                return Linker.nativeLinker().upcallStub(entry, descriptor(entry.type()), Arena.global());
            }
        }
        return Linker.nativeLinker().upcallStub(unsupported(symbol, descriptor.toMethodType()), descriptor, Arena.global());
    }

    /** Answers a function that this device does not compute: by name, with the library's documented status. */
    private MethodHandle unsupported(String symbol, MethodType type) {
        MethodHandle refuse = MethodHandles.insertArguments(type.returnType() == int.class ? REFUSE : REFUSE_WITHOUT_STATUS, 0,
                parts.getFirst(), symbol);
        return MethodHandles.dropArguments(refuse.asType(MethodType.methodType(type.returnType())), 0, type.parameterArray());
    }

    private static int refuse(HostLibrary library, String symbol) {
        return library.statusOf(symbol,
                Fault.notSupported(symbol + ": the software device does not compute this function; it needs a GPU"));
    }

    private static long refuseWithoutStatus(HostLibrary library, String symbol) {
        refuse(library, symbol);
        return 0;
    }

    private static MethodHandle find(String name, Class<?> result) {
        try {
            return MethodHandles.lookup().findStatic(FunctionTable.class, name,
                    MethodType.methodType(result, HostLibrary.class, String.class));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns the signature with a long for each pointer: it costs no segment object a call. */
    private static FunctionDescriptor longsForPointers(FunctionDescriptor descriptor) {
        MemoryLayout[] arguments = descriptor.argumentLayouts().stream().map(FunctionTable::longForPointer).toArray(MemoryLayout[]::new);
        return descriptor.returnLayout().map(result -> FunctionDescriptor.of(longForPointer(result), arguments))
                .orElseGet(() -> FunctionDescriptor.ofVoid(arguments));
    }

    private static MemoryLayout longForPointer(MemoryLayout layout) {
        return layout instanceof AddressLayout ? ValueLayout.JAVA_LONG : layout;
    }

    /** Returns how C calls an entry point. */
    private static FunctionDescriptor descriptor(MethodType type) {
        MemoryLayout[] arguments = type.parameterList().stream().map(FunctionTable::layout).toArray(MemoryLayout[]::new);
        return type.returnType() == void.class ? FunctionDescriptor.ofVoid(arguments)
                : FunctionDescriptor.of(layout(type.returnType()), arguments);
    }

    private static MemoryLayout layout(Class<?> type) {
        return type == float.class ? ValueLayout.JAVA_FLOAT : type == double.class ? ValueLayout.JAVA_DOUBLE : ValueLayout.JAVA_LONG;
    }
}
