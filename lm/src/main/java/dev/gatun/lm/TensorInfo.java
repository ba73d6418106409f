package dev.gatun.lm;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A float32 tensor's name and shape; its values are stored row-major.
 *
 * @param name the name, as in a PyTorch state dict
 * @param shape sizes, outermost first; empty for a single value
 */
public record TensorInfo(String name, List<Long> shape) {
    /**
     * Copies the shape.
     *
     * @throws IllegalArgumentException if a size is negative, or the tensor's bytes do not fit a long
     */
    public TensorInfo {
        shape = List.copyOf(shape);
        bytesOf(name, shape);
    }

    /** Makes the description of a tensor. */
    public static TensorInfo of(String name, long... shape) {
        return new TensorInfo(name, Arrays.stream(shape).boxed().toList());
    }

    /** Returns how many values the tensor has. */
    public long elements() {
        return byteSize() / Float.BYTES;
    }

    /** Returns how many bytes the tensor's values take. */
    public long byteSize() {
        return bytesOf(name, shape);
    }

    private static long bytesOf(String name, List<Long> shape) {
        long bytes = Float.BYTES;
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

    /** Returns the name and the shape, such as {@code linear.weight [10000][1024]}. */
    @Override
    public String toString() {
        return shape.stream().map(size -> "[" + size + "]").collect(Collectors.joining("", name + " ", ""));
    }
}
