package dev.gatun.examples;

import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads one of some values, which are written as their {@code toString} says; {@code config.json} holds them like that too. */
abstract class Choice<E extends Enum<E>> implements ITypeConverter<E> {
    private final E[] values;

    Choice(E[] values) {
        this.values = values;
    }

    @Override
    public E convert(String text) {
        for (E value : values) {
            if (value.toString().equals(text)) {
                return value;
            }
        }
        List<String> names = Arrays.stream(values).map(E::toString).toList();
        int last = names.size() - 1;
        throw new TypeConversionException("expected " + String.join(", ", names.subList(0, last)) + " or " + names.get(last) + ", got '"
                + text + "'");
    }
}
