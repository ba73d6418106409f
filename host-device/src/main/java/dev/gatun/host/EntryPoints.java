package dev.gatun.host;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DynamicConstantDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Static methods that C may call for the functions of a {@link HostLibrary}: they let no exception through, and share a few signatures
 * ({@link #passed}), since the JVM needs a stub for each.
 *
 * <p>They are written as the bytecode of one class. Combined from method handles, the same takes the JVM a dozen classes for each
 * signature, which was a tenth of a training program's start.
 */
final class EntryPoints {
    private static final ClassDesc LIBRARY = HostLibrary.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc STATUS_OF = MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_String,
            ConstantDescs.CD_Throwable);
    private static final MethodTypeDesc LEAVE = MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_int);

    /** The numbers of arguments that entry points have: six is what x86-64 passes in registers. */
    private static final int[] LENGTHS = {6, 12, 24};

    private final MethodHandles.Lookup entries;
    private final Map<String, Method> functions;

    EntryPoints(HostLibrary part) {
        functions = functions(part.getClass());
        try {
            entries = MethodHandles.lookup().defineHiddenClassWithClassData(bytes(part.getClass()), part, true);
        } catch (IllegalAccessException e) {
            throw new AssertionError("a class of this package could not be made", e);
        }
    }

    /** Returns the C functions that a part of a library computes, by name. */
    private static Map<String, Method> functions(Class<? extends HostLibrary> part) {
        return Arrays.stream(part.getDeclaredMethods()).filter(method -> method.getName().startsWith("cu"))
                .collect(Collectors.toMap(Method::getName, method -> method));
    }

    /**
     * Returns what answers a function, or null if the part does not compute it.
     *
     * @param type its signature, as the binding has it, with longs for pointers
     */
    MethodHandle find(String function, MethodType type) {
        Method method = functions.get(function);
        if (method == null) {
            return null;
        }
        MethodType computed = MethodType.methodType(method.getReturnType(), method.getParameterTypes());
        if (!computed.equals(type)) {
            throw new IllegalStateException(method + " does not have the C signature " + type);
        }
        try {
            return entries.findStatic(entries.lookupClass(), function, passed(type));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("no entry point was made for " + method, e);
        }
    }

    /**
     * Returns a signature that C calls in the same way: with longs for ints, and with further longs, which nothing reads, up to one of the
     * {@link #LENGTHS}. Linux on x86-64 and arm64 passes an int in a whole register or 8-byte place of the stack, whose upper half is
     * undefined; what registers and places hold behind the arguments is undefined too.
     */
    private static MethodType passed(MethodType type) {
        Class<?>[] arguments = type.parameterArray();
        Arrays.setAll(arguments, i -> arguments[i] == int.class ? long.class : arguments[i]);
        int length = Arrays.stream(LENGTHS).filter(enough -> enough >= arguments.length).findFirst().orElse(arguments.length);
        return MethodType.methodType(type.returnType() == int.class ? long.class : type.returnType(), arguments)
                .appendParameterTypes(Collections.nCopies(length - arguments.length, long.class));
    }

    private byte[] bytes(Class<?> part) {
        ClassDesc library = part.describeConstable().orElseThrow();
        return ClassFile.of().build(ClassDesc.of(part.getName() + "Entries"), builder -> {
            builder.withFlags(AccessFlag.FINAL, AccessFlag.SYNTHETIC);
            for (Method function : functions.values()) {
                MethodType type = MethodType.methodType(function.getReturnType(), function.getParameterTypes());
                builder.withMethodBody(function.getName(), passed(type).describeConstable().orElseThrow(), ClassFile.ACC_STATIC,
                        code -> answer(code, library, function.getName(), type));
            }
        });
    }

    /** Writes {@code try { return part.function(arguments); } catch (Throwable t) { return part.statusOf(name, t); }}. */
    private static void answer(CodeBuilder code, ClassDesc library, String function, MethodType type) {
        DynamicConstantDesc<?> part = DynamicConstantDesc.ofNamed(ConstantDescs.BSM_CLASS_DATA, ConstantDescs.DEFAULT_NAME, library);
        TypeKind result = TypeKind.from(type.returnType());
        code.trying(call -> {
            call.loadConstant(part);
            if (result == TypeKind.INT) {
                call.dup();
            }
            int argument = 0;
            for (Class<?> wanted : type.parameterList()) {
                TypeKind passed = TypeKind.from(wanted == int.class ? long.class : wanted);
                call.loadLocal(passed, argument);
                argument += passed.slotSize();
                if (wanted == int.class) {
                    call.l2i();
                }
            }
            call.invokevirtual(library, function, type.describeConstable().orElseThrow());
            if (result == TypeKind.INT) {
                call.invokevirtual(LIBRARY, "leave", LEAVE).i2l().lreturn();
            } else {
                call.return_(result);
            }
        }, thrown -> thrown.catchingAll(failure -> {
            int exception = failure.allocateLocal(TypeKind.REFERENCE);
            failure.astore(exception).loadConstant(part).dup().loadConstant(function).aload(exception)
                    .invokevirtual(LIBRARY, "statusOf", STATUS_OF).invokevirtual(LIBRARY, "leave", LEAVE);
            switch (result) {
                case INT -> failure.i2l().lreturn();
                case LONG -> failure.pop().lconst_0().lreturn();
                case VOID -> failure.pop().return_();
                default -> throw new IllegalStateException(function + " returns " + type.returnType());
            }
        }));
    }
}
