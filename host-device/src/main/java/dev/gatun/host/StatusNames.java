package dev.gatun.host;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The names of a library's status numbers, read from the constants of its generated binding when one is first asked for. */
final class StatusNames {
    private final Class<?> binding;
    private final List<String> prefixes;
    private volatile Map<Integer, String> names;

    /**
     * Names the constants whose names begin with one of the prefixes; where several have one number, the longest name
     * counts: deprecated aliases are shorter.
     *
     * @param binding the generated class, whose constants are static methods without parameters
     */
    StatusNames(Class<?> binding, String... prefixes) {
        this.binding = binding;
        this.prefixes = List.of(prefixes);
    }

    private Map<Integer, String> names() {
        if (names == null) {
            names = read();
        }
        return names;
    }

    private Map<Integer, String> read() {
        Map<Integer, String> found = new HashMap<>();
        for (Method method : binding.getMethods()) {
            if (prefixes.stream().anyMatch(method.getName()::startsWith) && method.getReturnType() == int.class
                    && method.getParameterCount() == 0 && Modifier.isStatic(method.getModifiers())) {
                found.merge(value(method), method.getName(), (a, b) -> a.length() > b.length() ? a : b);
            }
        }
        return found;
    }

    /** Returns the name of a status, or null. */
    String of(int status) {
        return names().get(status);
    }

    /** Returns the name of a status, or some other text. */
    String of(int status, String otherwise) {
        return names().getOrDefault(status, otherwise);
    }

    private static int value(Method constant) {
        try {
            return (int) constant.invoke(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read the constant " + constant.getName(), e);
        }
    }
}
