package dev.gatun.tests;

import dev.gatun.device.Device;
import dev.gatun.generated.cublas.Cublas;
import dev.gatun.generated.cublaslt.CublasLt;
import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import java.io.PrintStream;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Calls C functions by name, through the generated bindings, and prints a line for each call: the call, its outcome (what it
 * returned and wrote) and the device's explanation, with tabs between. The lines of two devices can be compared.
 */
final class CallRecorder {
    /** An argument that points to nothing. */
    static final Object NULL = new Object() {
        @Override
        public String toString() {
            return "NULL";
        }
    };

    private static final List<Class<?>> BINDINGS = List.of(Cudart.class, Cublas.class, CublasLt.class, Cudnn.class);
    private static final Map<String, Method> FUNCTIONS = functions();

    /** What memory holds before a call that may write it. */
    private static final byte UNTOUCHED = (byte) 0xA5;

    /** Memory that the function may write {@code count} values into. */
    record Out(ValueLayout layout, int count) {
        @Override
        public String toString() {
            return "out";
        }
    }

    /** Memory that holds ints. */
    record Ints(int... values) {
        @Override
        public String toString() {
            return Arrays.toString(values);
        }
    }

    /** A descriptor that an earlier call made. */
    record Handle(String name, MemorySegment segment) {
        @Override
        public String toString() {
            return name;
        }
    }

    private final PrintStream lines;
    private final Map<Long, String> handleNames = new HashMap<>();

    CallRecorder(PrintStream lines) {
        this.lines = lines;
    }

    static Out outInt() {
        return outInts(1);
    }

    static Out outInts(int count) {
        return new Out(ValueLayout.JAVA_INT, count);
    }

    static Out outLong() {
        return new Out(ValueLayout.JAVA_LONG, 1);
    }

    static Out outFloat() {
        return new Out(ValueLayout.JAVA_FLOAT, 1);
    }

    static Out outDouble() {
        return new Out(ValueLayout.JAVA_DOUBLE, 1);
    }

    static Out outPointer() {
        return new Out(ValueLayout.ADDRESS, 1);
    }

    static Ints ints(int... values) {
        return new Ints(values);
    }

    /** Returns the names of the functions that are bound of a library. */
    static List<String> functionsOf(Class<?> binding) {
        return FUNCTIONS.entrySet().stream().filter(f -> f.getValue().getDeclaringClass().isAssignableFrom(binding)).map(Map.Entry::getKey)
                .toList();
    }

    private static Map<String, Method> functions() {
        Map<String, Method> functions = new TreeMap<>();
        for (Class<?> binding : BINDINGS) {
            Map<String, Method> methods = Arrays.stream(binding.getMethods())
                    .collect(Collectors.toMap(Method::getName, method -> method, (a, b) -> a));
            methods.forEach((name, method) -> {
                if (methods.containsKey(name + "$descriptor")) {
                    functions.put(name, method);
                }
            });
        }
        return functions;
    }

    private static FunctionDescriptor descriptor(String function) {
        try {
            return (FunctionDescriptor) FUNCTIONS.get(function).getDeclaringClass().getMethod(function + "$descriptor").invoke(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(function, e);
        }
    }

    /** A function's name and its arguments, which are numbers or the kinds of this class. */
    record Call(String function, Object... arguments) {
        @Override
        public String toString() {
            return function + Arrays.stream(arguments).map(Object::toString).collect(Collectors.joining(", ", "(", ")"));
        }
    }

    /** Makes a descriptor with a function whose first argument is where it goes, NULL if that fails; no line is printed. */
    Handle make(String function, String name, Object... others) {
        MemorySegment out = Arena.ofAuto().allocate(ValueLayout.ADDRESS);
        Object[] values = Stream.concat(Stream.of(out), Arrays.stream(others)).toArray();
        boolean done = invoke(function, values).equals(0);
        MemorySegment made = done ? out.get(ValueLayout.ADDRESS, 0) : MemorySegment.NULL;
        handleNames.put(made.address(), name);
        return new Handle(name, made);
    }

    /** Destroys what {@link #make} made; no line is printed. */
    void destroy(String function, Handle handle) {
        invoke(function, handle.segment());
        handleNames.remove(handle.segment().address());
    }

    /** Calls a function with 0 or NULL for every argument. */
    void callWithNothing(String function) {
        call(function, descriptor(function).argumentLayouts().stream().map(CallRecorder::nothing).toArray());
    }

    private static Object nothing(MemoryLayout layout) {
        return switch (layout) {
            case AddressLayout _ -> NULL;
            case GroupLayout struct -> new Ints(new int[(int) struct.byteSize() / Integer.BYTES]);
            default -> 0;
        };
    }

    /** Calls a function. */
    void call(String function, Object... arguments) {
        sequence(new Call(function, arguments));
    }

    /** Makes calls that belong together, such as setting a descriptor and reading it back; an error ends them. */
    void sequence(Call... steps) {
        // What was called is known even if the call ends the process.
        lines.print(steps[0] + "\t");
        lines.flush();
        List<String> outcomes = new ArrayList<>();
        for (Call step : steps) {
            String outcome = outcome(step);
            outcomes.add(outcome);
            if (!outcome.startsWith("0")) {
                break;
            }
        }
        lines.println(String.join("; ", outcomes) + "\t" + Device.current().explainLastFailure().replace('\n', ' '));
    }

    /** Makes a call and returns what it returned, and what it wrote, in the order of the arguments. */
    private String outcome(Call call) {
        Arena arena = Arena.ofAuto();
        Object[] values = Arrays.stream(call.arguments()).map(argument -> value(argument, arena)).toArray();
        StringBuilder outcome = new StringBuilder(result(invoke(call.function(), values)));
        for (int i = 0; i < values.length; i++) {
            if (call.arguments()[i] instanceof Out out) {
                outcome.append(' ').append(text(out, (MemorySegment) values[i]));
            }
        }
        return outcome.toString();
    }

    private static Object invoke(String function, Object... values) {
        try {
            return MethodHandles.publicLookup().unreflect(FUNCTIONS.get(function)).invokeWithArguments(values);
        } catch (Throwable t) {
            throw new IllegalStateException(function, t);
        }
    }

    private static Object value(Object argument, Arena arena) {
        return switch (argument) {
            case Handle handle -> handle.segment();
            case Ints ints -> arena.allocateFrom(ValueLayout.JAVA_INT, ints.values());
            case Out out -> arena.allocate(out.layout(), out.count()).fill(UNTOUCHED);
            default -> argument == NULL ? MemorySegment.NULL : argument;
        };
    }

    private static String result(Object result) {
        return switch (result) {
            case null -> "void";
            case MemorySegment text -> text.address() == 0 ? "NULL" : '"' + text.getString(0) + '"';
            default -> result.toString();
        };
    }

    private String text(Out out, MemorySegment memory) {
        return IntStream.range(0, out.count()).mapToObj(i -> element(out.layout(), memory, i)).collect(Collectors.joining(","));
    }

    private String element(ValueLayout layout, MemorySegment memory, int index) {
        long bytes = layout.byteSize();
        MemorySegment place = memory.asSlice(index * bytes, bytes);
        if (place.mismatch(Arena.ofAuto().allocate(bytes).fill(UNTOUCHED)) < 0) {
            return "untouched";
        }
        if (layout instanceof AddressLayout) {
            long address = place.get(ValueLayout.JAVA_LONG, 0);
            return address == 0 ? "NULL" : handleNames.getOrDefault(address, "a pointer");
        }
        return String.valueOf(layout.varHandle().get(place, 0L));
    }
}
