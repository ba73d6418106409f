package dev.gatun.host;

import java.util.Arrays;

/** cuDNN's tensor descriptors. */
final class CudnnTensorFunctions extends CudnnPart {
    private static final int NCHW = 0;
    private static final int NCHW_VECT_C = 2;

    CudnnTensorFunctions(Host host, CudnnObjects cudnn) {
        super(host, cudnn);
    }

    int cudnnCreateTensorDescriptor(long pointer) {
        return create(cudnn.tensors, new Descriptor<>(), pointer, "cudnnCreateTensorDescriptor");
    }

    int cudnnDestroyTensorDescriptor(long tensor) {
        return destroy(cudnn.tensors, tensor, "cudnnDestroyTensorDescriptor");
    }

    int cudnnSetTensor4dDescriptor(long tensor, int format, int dataType, int n, int c, int h, int w) {
        String function = "cudnnSetTensor4dDescriptor";
        Descriptor<TensorShape> descriptor = cudnn.tensors.get(tensor, function, "tensorDesc");
        requireFormat(format, function);
        descriptor.set(new TensorShape(function, dataType, new int[] {n, c, h, w}, strides(format, new int[] {n, c, h, w})));
        return 0;
    }

    int cudnnSetTensor4dDescriptorEx(long tensor, int dataType, int n, int c, int h, int w, int nStride, int cStride, int hStride,
            int wStride) {
        String function = "cudnnSetTensor4dDescriptorEx";
        Descriptor<TensorShape> descriptor = cudnn.tensors.get(tensor, function, "tensorDesc");
        descriptor.set(new TensorShape(function, dataType, new int[] {n, c, h, w}, new int[] {nStride, cStride, hStride, wStride}));
        return 0;
    }

    int cudnnGetTensor4dDescriptor(long tensor, long dataType, long n, long c, long h, long w, long nStride, long cStride, long hStride,
            long wStride) {
        String function = "cudnnGetTensor4dDescriptor";
        TensorShape shape = cudnn.tensors.get(tensor, function, "tensorDesc").required(function, "tensorDesc");
        if (shape.rank() != 4) {
            throw Fault.notSupported(function + ": the tensor has " + shape.rank() + " dimensions");
        }
        Native.putIntIfWanted(dataType, shape.dataType());
        long[] dims = {n, c, h, w};
        long[] strides = {nStride, cStride, hStride, wStride};
        for (int i = 0; i < 4; i++) {
            Native.putIntIfWanted(dims[i], shape.dims()[i]);
            Native.putIntIfWanted(strides[i], shape.strides()[i]);
        }
        return 0;
    }

    int cudnnSetTensorNdDescriptor(long tensor, int dataType, int rank, long dims, long strides) {
        String function = "cudnnSetTensorNdDescriptor";
        Descriptor<TensorShape> descriptor = cudnn.tensors.get(tensor, function, "tensorDesc");
        TensorShape.requireRank(rank, function);
        descriptor.set(new TensorShape(function, dataType, Native.getInts(Native.required(dims, function, "dimA"), rank),
                Native.getInts(Native.required(strides, function, "strideA"), rank)));
        return 0;
    }

    int cudnnSetTensorNdDescriptorEx(long tensor, int format, int dataType, int rank, long dims) {
        String function = "cudnnSetTensorNdDescriptorEx";
        Descriptor<TensorShape> descriptor = cudnn.tensors.get(tensor, function, "tensorDesc");
        requireFormat(format, function);
        TensorShape.requireRank(rank, function);
        int[] sizes = Native.getInts(Native.required(dims, function, "dimA"), rank);
        descriptor.set(new TensorShape(function, dataType, sizes, strides(format, sizes)));
        return 0;
    }

    int cudnnGetTensorNdDescriptor(long tensor, int requested, long dataType, long rank, long dims, long strides) {
        String function = "cudnnGetTensorNdDescriptor";
        TensorShape shape = cudnn.tensors.get(tensor, function, "tensorDesc").valueOr(TensorShape.ABSENT);
        Native.putIntIfWanted(dataType, shape.dataType());
        Native.putIntIfWanted(rank, shape.rank());
        for (int i = 0; i < Math.min(requested, shape.rank()); i++) {
            Native.putInt(Native.required(dims, function, "dimA") + Integer.BYTES * i, shape.dims()[i]);
            Native.putInt(Native.required(strides, function, "strideA") + Integer.BYTES * i, shape.strides()[i]);
        }
        return 0;
    }

    int cudnnGetTensorSizeInBytes(long tensor, long size) {
        String function = "cudnnGetTensorSizeInBytes";
        TensorShape shape = cudnn.tensors.get(tensor, function, "tensorDesc").valueOr(TensorShape.ABSENT);
        Native.putLong(Native.required(size, function, "size"), shape.bytes());
        return 0;
    }

    private static void requireFormat(int format, String function) {
        if (format < NCHW || format > NCHW_VECT_C) {
            throw Fault.invalid(function + ": unknown format " + format);
        }
        if (format == NCHW_VECT_C) {
            throw Fault.notSupported(function + ": the software device has no vectorised layouts");
        }
    }

    /** Returns the strides of a packed tensor whose dimensions are given in the order batch, channel, then space. */
    private static int[] strides(int format, int[] dims) {
        int rank = dims.length;
        if (format == NCHW || rank < 3) {
            return TensorShape.packedStrides(dims);
        }
        // Memory order is batch, space, channel: lay that order out, then give each dimension its own stride.
        int[] memoryOrder = new int[rank];
        for (int i = 0; i < rank; i++) {
            memoryOrder[i] = dims[i == 0 ? 0 : i == rank - 1 ? 1 : i + 1];
        }
        int[] packed = TensorShape.packedStrides(memoryOrder);
        int[] strides = Arrays.copyOf(packed, rank);
        for (int i = 1; i < rank; i++) {
            strides[i] = packed[i == 1 ? rank - 1 : i - 1];
        }
        return strides;
    }
}
