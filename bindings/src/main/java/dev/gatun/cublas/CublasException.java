package dev.gatun.cublas;

import dev.gatun.device.NativeCallException;
import dev.gatun.generated.cublas.Cublas;

/** A function of cuBLAS failed. */
public final class CublasException extends NativeCallException {
    private static final long serialVersionUID = 1L;

    CublasException(int status, String function, String arguments) {
        super(function, status, Cublas.cublasGetStatusName(status).getString(0), Cublas.cublasGetStatusString(status).getString(0),
                arguments);
    }

    /**
     * Checks a status of cuBLAS ({@code cublasStatus_t}).
     *
     * @throws CublasException if it is not {@code CUBLAS_STATUS_SUCCESS}
     */
    public static void check(int status, String function) {
        if (status != 0) {
            throw new CublasException(status, function, "");
        }
    }
}
