package dev.gatun.cudnn;

import dev.gatun.cuda.DataType;
import dev.gatun.device.Owner;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The type and shape of a tensor. */
public final class TensorDescriptor extends Owner {
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
        try (Arena arena = Arena.ofConfined()) {
            int[] strides = new int[dims.length];
            int stride = 1;
            for (int i = dims.length - 1; i >= 0; i--) {
                strides[i] = stride;
                stride = Math.multiplyExact(stride, dims[i]);
            }
            int status = Cudnn.cudnnSetTensorNdDescriptor(descriptor.handle, DataTypes.value(type), dims.length,
                    arena.allocateFrom(Cudnn.C_INT, dims), arena.allocateFrom(Cudnn.C_INT, strides));
            if (status != 0) {
                descriptor.close();
                throw new CudnnException(status, "cudnnSetTensorNdDescriptor", "dims=" + java.util.Arrays.toString(dims));
            }
            return descriptor;
        }
    }

    /** Makes a descriptor that cuDNN will set. */
    static TensorDescriptor unset() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pointer = arena.allocate(Cudnn.C_POINTER);
            CudnnException.check(Cudnn.cudnnCreateTensorDescriptor(pointer), "cudnnCreateTensorDescriptor");
            return new TensorDescriptor(pointer.get(Cudnn.C_POINTER, 0));
        }
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
