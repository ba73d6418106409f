package dev.gatun.cuda;

import dev.gatun.device.NativeCallException;
import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.driver.CudaDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A function of the CUDA runtime or the driver failed. */
public final class CudaException extends NativeCallException {
    private static final long serialVersionUID = 1L;

    private CudaException(String function, int status, String name, String text, String arguments) {
        super(function, status, name, text, arguments);
    }

    /**
     * Checks a status of the CUDA runtime ({@code cudaError_t}).
     *
     * @throws CudaException if it is not {@code cudaSuccess}
     */
    public static void checkRuntime(int status, String function) {
        if (status != 0) {
            throw runtime(status, function, "");
        }
    }

    static CudaException runtime(int status, String function, String arguments) {
        return new CudaException(function, status, Cudart.cudaGetErrorName(status).getString(0),
                Cudart.cudaGetErrorString(status).getString(0), arguments);
    }

    /**
     * Checks a status of the CUDA driver ({@code CUresult}).
     *
     * @throws CudaException if it is not {@code CUDA_SUCCESS}
     */
    public static void checkDriver(int status, String function) {
        if (status != 0) {
            throw driver(status, function, "");
        }
    }

    static CudaException driver(int status, String function, String arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(CudaDriver.C_POINTER);
            String name = CudaDriver.cuGetErrorName(status, text) == 0 ? text.get(CudaDriver.C_POINTER, 0).getString(0) : "unknown";
            String words = CudaDriver.cuGetErrorString(status, text) == 0 ? text.get(CudaDriver.C_POINTER, 0).getString(0) : "";
            return new CudaException(function, status, name, words, arguments);
        }
    }
}
