package dev.gatun.host;

import java.util.Arrays;

/** What a cuDNN tensor descriptor says once it is set. */
record TensorShape(int dataType, int[] dims, int[] strides) {
    /** cuDNN's CUDNN_DIM_MAX. */
    private static final int LARGEST_RANK = 8;

    private static final int SMALLEST_RANK = 2;

    /** CUDNN_DATA_BFLOAT16; the later types are for cuDNN's graphs only. */
    private static final int LARGEST_DATA_TYPE = 9;

    /** What a descriptor says that was never set, and with which cuDNN answers for a bias that an RNN does not have. */
    static final TensorShape ABSENT = new TensorShape(0, new int[0], new int[0]);

    /** Makes a shape with the checks that cuDNN was seen to make. */
    TensorShape(String function, int dataType, int[] dims, int[] strides) {
        this(dataType, dims, strides);
        if (dataType < 0 || dataType > LARGEST_DATA_TYPE) {
            throw Fault.invalid(function + ": unknown dataType " + dataType);
        }
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] <= 0 || strides[i] == 0 && dims[i] > 1) {
                throw Fault.invalid(function + ": dimension " + i + " is " + dims[i] + " with stride " + strides[i]
                        + "; sizes must be at least 1, and a stride of 0 needs size 1");
            }
        }
    }

    static TensorShape packed(int dataType, int... dims) {
        return new TensorShape(dataType, dims, packedStrides(dims));
    }

    static void requireRank(int rank, String function) {
        if (rank < SMALLEST_RANK) {
            throw Fault.invalid(function + ": nbDims is " + rank + "; at least " + SMALLEST_RANK + " are needed");
        }
        if (rank > LARGEST_RANK) {
            throw Fault.notSupported(function + ": nbDims is " + rank + "; at most " + LARGEST_RANK + " are supported");
        }
    }

    static int[] packedStrides(int... dims) {
        int[] strides = new int[dims.length];
        int stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= dims[i];
        }
        return strides;
    }

    int rank() {
        return dims.length;
    }

    /** Returns whether this is a fully packed tensor of a type and dimensions {@code {layers, batch, width}}. */
    boolean isPacked(int type, int layers, int batch, int width) {
        return dataType == type && dims.length == 3 && dims[0] == layers && dims[1] == batch && dims[2] == width
                && strides[2] == 1 && strides[1] == width && strides[0] == batch * width;
    }

    /** Returns the bytes from the first element to behind the last. */
    long bytes() {
        if (dims.length == 0) {
            return 0;
        }
        long last = 0;
        for (int i = 0; i < dims.length; i++) {
            last += (dims[i] - 1L) * Math.abs(strides[i]);
        }
        return (last + 1) * elementBytes();
    }

    private int elementBytes() {
        return switch (dataType) {
            case 0, 4, 5, 7 -> 4;
            case 1 -> 8;
            case 2, 9 -> 2;
            case 8 -> 32;
            default -> 1;
        };
    }

    @Override
    public String toString() {
        return "{type " + dataType + ", dims " + Arrays.toString(dims) + ", strides " + Arrays.toString(strides) + "}";
    }
}
