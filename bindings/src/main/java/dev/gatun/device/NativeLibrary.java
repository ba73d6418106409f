package dev.gatun.device;

/** The libraries behind the C ABI that Gatun binds. */
public enum NativeLibrary {
    /** The CUDA runtime. */
    CUDART("CUDA runtime"),
    /** The CUDA driver API. */
    DRIVER("CUDA driver"),
    /** cuBLAS. */
    CUBLAS("cuBLAS"),
    /** cuBLASLt. */
    CUBLASLT("cuBLASLt"),
    /** cuDNN 9. */
    CUDNN("cuDNN");

    private final String title;

    NativeLibrary(String title) {
        this.title = title;
    }

    /** Returns the library's name for people. */
    public String title() {
        return title;
    }
}
