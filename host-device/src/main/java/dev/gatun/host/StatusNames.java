package dev.gatun.host;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/** The names of a library's status numbers, read from the constants of its generated binding. */
final class StatusNames {
    private final Map<Integer, String> names = new HashMap<>();

    /**
     * Collects the constants whose names begin with one of the prefixes; where several have one number, the longest name
     * counts: deprecated aliases are shorter.
     *
     * @param binding the generated class, whose constants are static methods without parameters
     */
    StatusNames(Class<?> binding, String... prefixes) {
        for (Method method : binding.getMethods()) {
            if (Stream.of(prefixes).anyMatch(method.getName()::startsWith) && method.getReturnType() == int.class
                    && method.getParameterCount() == 0 && Modifier.isStatic(method.getModifiers())) {
                names.merge(value(method), method.getName(), (a, b) -> a.length() > b.length() ? a : b);
            }
        }
    }

    /** Returns the name of a status, or null. */
    String of(int status) {
        return names.get(status);
    }

    /** Returns the name of a status, or some other text. */
    String of(int status, String otherwise) {
        return names.getOrDefault(status, otherwise);
    }

    private static int value(Method constant) {
        try {
            return (int) constant.invoke(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read the constant " + constant.getName(), e);
        }
    }
}
