package dev.gatun.cublas;

import dev.gatun.generated.cublas.Cublas;

/** How {@link Blas#gemmEx} multiplies; sums are float32 in all of them. */
public enum ComputeType {
    /** {@code CUBLAS_COMPUTE_32F}: products of float32 in full precision; of 16-bit operands, exact. */
    F32(Cublas.CUBLAS_COMPUTE_32F()),
    /** {@code CUBLAS_COMPUTE_32F_PEDANTIC}: as F32, without algorithms that save operations, and by the prescribed precision throughout. */
    F32_PEDANTIC(Cublas.CUBLAS_COMPUTE_32F_PEDANTIC()),
    /** {@code CUBLAS_COMPUTE_32F_FAST_TF32}: float32 operands may be rounded to TF32, 11 significant bits; needs compute capability 8.0. */
    F32_FAST_TF32(Cublas.CUBLAS_COMPUTE_32F_FAST_TF32());

    private final int value;

    ComputeType(int value) {
        this.value = value;
    }

    int value() {
        return value;
    }
}
