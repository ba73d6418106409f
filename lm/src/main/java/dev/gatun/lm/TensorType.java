package dev.gatun.lm;

/** What a tensor's values are, under the names of the safetensors format. */
public enum TensorType {
    /** IEEE 754 floats of 32 bits. */
    F32(4),

    /** Bytes without a sign, or bytes of a meaning that only their owner knows. */
    U8(1);

    private final int bytes;

    TensorType(int bytes) {
        this.bytes = bytes;
    }

    /** Returns how many bytes a value takes. */
    public int bytes() {
        return bytes;
    }
}
