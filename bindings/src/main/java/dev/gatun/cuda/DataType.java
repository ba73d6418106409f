package dev.gatun.cuda;

/** The types of tensors' elements: {@code CUDA_R_32F}, {@code CUDA_R_16F}, {@code CUDA_R_16BF}; in cuDNN, {@code CUDNN_DATA_*}. */
public enum DataType {
    /** IEEE 754 binary32. */
    FLOAT(4),
    /** IEEE 754 binary16: 11 significant bits, at most 65504. */
    HALF(2),
    /** The upper half of a binary32: 8 significant bits, its range. A GPU needs compute capability 8.0. */
    BFLOAT16(2);

    private final int byteSize;

    DataType(int byteSize) {
        this.byteSize = byteSize;
    }

    /** Returns the bytes of an element. */
    public int byteSize() {
        return byteSize;
    }
}
