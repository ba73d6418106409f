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
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Makes the methods of one library's {@link HostLibrary} parts callable from C, one stub a function, on first use. */
final class FunctionTable {
    private static final MethodHandle STATUS_OF = find(HostLibrary.class, "statusOf",
            MethodType.methodType(int.class, String.class, Throwable.class));
    private static final MethodHandle NO_RESULT = find(FunctionTable.class, "noResult",
            MethodType.methodType(long.class, HostLibrary.class, String.class, Throwable.class));
    private static final MethodHandle REFUSE = find(FunctionTable.class, "refuse", MethodType.methodType(void.class, String.class));
    private static final MethodHandle LEAVE_STATUS = find(FunctionTable.class, "leaveStatus",
            MethodType.methodType(int.class, Host.class, Throwable.class, int.class));

    private final List<HostLibrary> parts;
    private final Map<String, MemorySegment> stubs = new ConcurrentHashMap<>();

    FunctionTable(List<HostLibrary> parts) {
        this.parts = parts;
    }

    /** Returns the names of the C functions that a part of a library computes. */
    static Set<String> computed(Class<? extends HostLibrary> part) {
        return Arrays.stream(part.getDeclaredMethods()).map(Method::getName).filter(name -> name.startsWith("cu"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    MemorySegment find(String symbol, FunctionDescriptor descriptor) {
        return stubs.computeIfAbsent(symbol, name -> stub(name, longsForPointers(descriptor)));
    }

    private MemorySegment stub(String symbol, FunctionDescriptor descriptor) {
        MethodType type = descriptor.toMethodType();
        HostLibrary part = parts.stream().filter(p -> computed(p.getClass()).contains(symbol)).findFirst().orElse(null);
        MethodHandle function = part == null ? unsupported(symbol, type) : find(part.getClass(), symbol, type).bindTo(part);
        HostLibrary answering = part == null ? parts.getFirst() : part;
        boolean status = type.returnType() == int.class;
        MethodHandle handler = MethodHandles.insertArguments(status ? STATUS_OF : NO_RESULT, 0, answering, symbol);
        if (type.returnType() == void.class) {
            handler = handler.asType(handler.type().changeReturnType(void.class));
        }
        if (answering.host.checked && status) {
            function = MethodHandles.tryFinally(function, MethodHandles.insertArguments(LEAVE_STATUS, 0, answering.host));
        }
        MethodHandle caught = MethodHandles.catchException(function, Throwable.class, handler);
        return Linker.nativeLinker().upcallStub(caught, descriptor, Arena.global());
    }

    /** Answers a function that this device does not compute: by name, with the library's documented status. */
    private static MethodHandle unsupported(String symbol, MethodType type) {
        MethodHandle refuse = MethodHandles.insertArguments(REFUSE, 0, symbol);
        MethodHandle zero = type.returnType() == void.class ? MethodHandles.empty(MethodType.methodType(void.class))
                : MethodHandles.zero(type.returnType());
        return MethodHandles.dropArguments(MethodHandles.foldArguments(zero, refuse), 0, type.parameterArray());
    }

    private static void refuse(String symbol) {
        throw Fault.notSupported(symbol + ": the software device does not compute this function; it needs a GPU");
    }

    private static long noResult(HostLibrary library, String symbol, Throwable thrown) {
        library.statusOf(symbol, thrown);
        return 0;
    }

    private static int leaveStatus(Host host, Throwable thrown, int status) {
        host.leaveHandle();
        return status;
    }

    /** Returns the signature with a long for each pointer. */
    static FunctionDescriptor longsForPointers(FunctionDescriptor descriptor) {
        MemoryLayout[] arguments = descriptor.argumentLayouts().stream().map(FunctionTable::longForPointer).toArray(MemoryLayout[]::new);
        return descriptor.returnLayout().map(result -> FunctionDescriptor.of(longForPointer(result), arguments))
                .orElseGet(() -> FunctionDescriptor.ofVoid(arguments));
    }

    /** A pointer and a long are passed alike in C; as a long it costs no segment object a call. */
    private static MemoryLayout longForPointer(MemoryLayout layout) {
        return layout instanceof AddressLayout ? ValueLayout.JAVA_LONG : layout;
    }

    private static MethodHandle find(Class<?> owner, String name, MethodType type) {
        try {
            return owner == FunctionTable.class ? MethodHandles.lookup().findStatic(owner, name, type)
                    : MethodHandles.lookup().findVirtual(owner, name, type);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(owner.getSimpleName() + "." + name + " does not have the C signature " + type, e);
        }
    }
}
