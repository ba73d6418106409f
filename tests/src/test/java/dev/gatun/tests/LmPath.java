package dev.gatun.tests;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The C functions that {@code lm} can reach: a walk over the calls in its class files, through the owned classes of the bindings, to
 * the generated methods. A virtual call may reach every method of that name and type in a class of which an instance is made.
 */
final class LmPath {
    private static final Path CLASSES = Path.of("../lm/target/classes");
    private static final Path BINDINGS = Path.of("../bindings/target/classes");
    private static final String GENERATED = "dev/gatun/generated/";
    private static final String CONSTRUCTOR = "<init>";

    private record Method(String owner, String name, String type) {
        String signature() {
            return name + type;
        }
    }

    private final Map<String, ClassModel> classes = new HashMap<>();
    private final Deque<Method> pending = new ArrayDeque<>();
    private final Set<Method> reached = new HashSet<>();
    private final Set<String> instantiated = new HashSet<>();
    private final Set<String> called = new HashSet<>();
    private final Set<String> functions = new TreeSet<>();

    private LmPath() throws IOException {
        for (Path root : List.of(CLASSES, BINDINGS)) {
            try (Stream<Path> files = Files.walk(root)) {
                for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
                    String name = root.relativize(file).toString().replaceFirst("\\.class$", "");
                    if (!name.startsWith(GENERATED)) {
                        classes.put(name, ClassFile.of().parse(file));
                        if (root == CLASSES) {
                            methods(name).forEach(pending::add);
                        }
                    }
                }
            }
        }
    }

    /** Returns the names of the functions. */
    static Set<String> functions() throws IOException {
        LmPath path = new LmPath();
        while (!path.pending.isEmpty()) {
            Method method = path.pending.pop();
            if (path.reached.add(method)) {
                path.visit(method);
            }
        }
        return path.functions;
    }

    private List<Method> methods(String owner) {
        return classes.get(owner).methods().stream()
                .map(method -> new Method(owner, method.methodName().stringValue(), method.methodType().stringValue())).toList();
    }

    private void visit(Method method) {
        if (method.owner.startsWith(GENERATED)) {
            if (isFunction(method)) {
                functions.add(method.name);
            }
            return;
        }
        ClassModel owner = classes.get(method.owner);
        if (owner == null) {
            return; // of the JDK
        }
        if (method.name.equals(CONSTRUCTOR) && instantiated.add(method.owner)) {
            methods(method.owner).stream().filter(m -> called.contains(m.signature())).forEach(pending::add);
        }
        MethodModel declared = owner.methods().stream().filter(m -> m.methodName().equalsString(method.name)
                && m.methodType().equalsString(method.type)).findFirst().orElse(null);
        if (declared == null) {
            owner.superclass().ifPresent(s -> pending.add(new Method(s.asInternalName(), method.name, method.type)));
            return;
        }
        declared.code().ifPresent(code -> {
            for (CodeElement element : code) {
                switch (element) {
                    case InvokeInstruction call -> call(new Method(call.owner().asInternalName(), call.name().stringValue(),
                            call.type().stringValue()));
                    case InvokeDynamicInstruction dynamic -> dynamic.bootstrapArgs().forEach(argument -> {
                        if (argument instanceof DirectMethodHandleDesc handle) {
                            call(new Method(internalName(handle.owner()), handle.methodName(), handle.lookupDescriptor()));
                        }
                    });
                    default -> { }
                }
            }
        });
    }

    private void call(Method method) {
        pending.add(method);
        if (!method.name.equals(CONSTRUCTOR) && called.add(method.signature())) {
            new ArrayList<>(instantiated).forEach(name ->
                    methods(name).stream().filter(m -> m.signature().equals(method.signature())).forEach(pending::add));
        }
    }

    private static String internalName(ClassDesc type) {
        String descriptor = type.descriptorString();
        return descriptor.substring(1, descriptor.length() - 1);
    }

    /** Generated methods that stand for C functions have a descriptor beside them; constants have none. */
    private static boolean isFunction(Method method) {
        try {
            Class<?> owner = Class.forName(method.owner.replace('/', '.'), false, LmPath.class.getClassLoader());
            return Arrays.stream(owner.getMethods()).anyMatch(m -> m.getName().equals(method.name + "$descriptor"));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }
}
