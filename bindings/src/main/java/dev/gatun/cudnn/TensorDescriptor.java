package dev.gatun.cudnn;

import dev.gatun.cuda.DataType;
import dev.gatun.device.Owner;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The type and shape of a tensor. */
public final class TensorDescriptor extends Owner {
    /** cuDNN's most dimensions ({@code CUDNN_DIM_MAX}). */
    private static final int MOST_DIMS = 8;

    /** A thread's room for what cuDNN reads of a shape: ints. */
    private record Shape(MemorySegment dims, MemorySegment strides) {
        static final ThreadLocal<Shape> OF_THREAD = ThreadLocal.withInitial(() -> new Shape(
                Arena.ofAuto().allocate(Cudnn.C_INT, MOST_DIMS), Arena.ofAuto().allocate(Cudnn.C_INT, MOST_DIMS)));
    }

    private final MemorySegment handle;

    private TensorDescriptor(MemorySegment handle) {
        this.handle = handle;
    }

    /**
     * Describes a fully packed, row-major tensor of 32-bit floats.
     *
     * @param dims 3 to 8 sizes, each at least 1
     * @throws CudnnException if cuDNN refuses the sizes
     */
    public static TensorDescriptor packed(int... dims) {
        return packed(DataType.FLOAT, dims);
    }

    /**
     * Describes a fully packed, row-major tensor.
     *
     * @param dims 3 to 8 sizes, each at least 1
     * @throws CudnnException if cuDNN refuses the sizes
     */
    public static TensorDescriptor packed(DataType type, int... dims) {
        TensorDescriptor descriptor = unset();
        try {
            descriptor.setPacked(type, dims);
            return descriptor;
        } catch (RuntimeException e) {
            descriptor.close();
            throw e;
        }
    }

    /**
     * Describes another fully packed, row-major tensor from now on; allocates nothing.
     *
     * @param dims 3 to 8 sizes, each at least 1
     * @throws CudnnException if cuDNN refuses the sizes; the description is then the one before
     */
    public void setPacked(DataType type, int... dims) {
        if (dims.length > MOST_DIMS) {
            throw new IllegalArgumentException("a tensor of " + dims.length + " dimensions; expected 3 to " + MOST_DIMS);
        }
        Shape shape = Shape.OF_THREAD.get();
        int stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            shape.dims.setAtIndex(Cudnn.C_INT, i, dims[i]);
            shape.strides.setAtIndex(Cudnn.C_INT, i, stride);
            stride = Math.multiplyExact(stride, dims[i]);
        }
        int status = Cudnn.cudnnSetTensorNdDescriptor(handle(), DataTypes.value(type), dims.length, shape.dims, shape.strides);
        if (status != 0) {
            throw new CudnnException(status, "cudnnSetTensorNdDescriptor", "dims=" + Arrays.toString(dims));
        }
    }

    /** Makes a descriptor that cuDNN will set. */
    static TensorDescriptor unset() {
        MemorySegment pointer = result();
        CudnnException.check(Cudnn.cudnnCreateTensorDescriptor(pointer), "cudnnCreateTensorDescriptor");
        return new TensorDescriptor(pointer.get(Cudnn.C_POINTER, 0));
    }

    /** Returns the {@code cudnnTensorDescriptor_t} for the generated bindings. */
    public MemorySegment handle() {
        requireOpen();
        return handle;
    }

    @Override
    protected void destroy() {
        CudnnException.check(Cudnn.cudnnDestroyTensorDescriptor(handle), "cudnnDestroyTensorDescriptor");
    }
}
