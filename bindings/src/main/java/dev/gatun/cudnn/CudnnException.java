package dev.gatun.cudnn;

import dev.gatun.device.NativeCallException;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A function of cuDNN failed; the message holds the condition that cuDNN found violated. */
public final class CudnnException extends NativeCallException {
    private static final long serialVersionUID = 1L;
    private static final int TEXT_BYTES = 1024;

    CudnnException(int status, String function, String arguments) {
        super(function, status, Cudnn.cudnnGetErrorString(status).getString(0), lastError(), arguments);
    }

    private static String lastError() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(TEXT_BYTES);
            Cudnn.cudnnGetLastErrorString(text, TEXT_BYTES);
            return text.getString(0);
        }
    }

    /**
     * Checks a status of cuDNN ({@code cudnnStatus_t}).
     *
     * @throws CudnnException if it is not {@code CUDNN_STATUS_SUCCESS}
     */
    public static void check(int status, String function) {
        if (status != 0) {
            throw new CudnnException(status, function, "");
        }
    }
}
