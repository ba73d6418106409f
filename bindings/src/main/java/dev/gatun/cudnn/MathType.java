package dev.gatun.cudnn;

import dev.gatun.generated.cudnn.Cudnn;

/** What an RNN may multiply with ({@code cudnnMathType_t}). */
public enum MathType {
    /** {@code CUDNN_FMA_MATH}: fused multiply-add units alone; float32 keeps its full precision. */
    FMA(Cudnn.CUDNN_FMA_MATH()),
    /** {@code CUDNN_DEFAULT_MATH}: float32 may be rounded to TF32, 11 significant bits, from compute capability 8.0 on. */
    DEFAULT(Cudnn.CUDNN_DEFAULT_MATH()),
    /** {@code CUDNN_TENSOR_OP_MATH}: as DEFAULT, and Tensor Cores for 16-bit data from compute capability 7.0 on. */
    TENSOR_OP(Cudnn.CUDNN_TENSOR_OP_MATH());

    private final int value;

    MathType(int value) {
        this.value = value;
    }

    int value() {
        return value;
    }
}
