package dev.gatun.lm;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A tensor's name, shape and type; its values are stored row-major.
 *
 * @param name the name, as in a PyTorch state dict
 * @param shape sizes, outermost first; empty for a single value
 * @param type what its values are
 */
public record TensorInfo(String name, List<Long> shape, TensorType type) {
    /**
     * Copies the shape.
     *
     * @throws IllegalArgumentException if a size is negative, or the tensor's bytes do not fit a long
     */
    public TensorInfo {
        shape = List.copyOf(shape);
        bytesOf(name, shape, type);
    }

    /** Describes a tensor of floats. */
    public TensorInfo(String name, List<Long> shape) {
        this(name, shape, TensorType.F32);
    }

    /** Describes a tensor of floats. */
    public static TensorInfo of(String name, long... shape) {
        return new TensorInfo(name, Arrays.stream(shape).boxed().toList());
    }

    /** Returns how many values the tensor has. */
    public long elements() {
        return byteSize() / type.bytes();
    }

    /** Returns how many bytes the tensor's values take. */
    public long byteSize() {
        return bytesOf(name, shape, type);
    }

    private static long bytesOf(String name, List<Long> shape, TensorType type) {
        long bytes = type.bytes();
        for (long size : shape) {
            Check.that(size >= 0, "the sizes of tensor '" + name + "' must not be negative", shape);
            try {
                bytes = Math.multiplyExact(bytes, size);
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException("tensor '" + name + "' of shape " + shape + " is larger than any memory", e);
            }
        }
        return bytes;
    }

    /** Returns the name, the shape and a type other than F32, such as {@code linear.weight [10000][1024]}. */
    @Override
    public String toString() {
        String text = shape.stream().map(size -> "[" + size + "]").collect(Collectors.joining("", name + " ", ""));
        return type == TensorType.F32 ? text : text + " " + type;
    }
}
