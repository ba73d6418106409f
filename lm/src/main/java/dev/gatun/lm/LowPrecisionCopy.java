package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.Stream;
import java.util.List;

/**
 * What products read or write of a float32 tensor: its 16-bit copy, or the tensor itself in the precisions that have none, where
 * the casts do nothing.
 *
 * @param buffer the copy, or the tensor itself
 * @param casts launches that write the copy
 * @param widenings launches that write the tensor from its copy
 */
record LowPrecisionCopy(DeviceBuffer buffer, List<KernelCall> casts, List<KernelCall> widenings) {
    /** Enqueues copy = tensor, rounded. */
    void cast(Stream stream) {
        for (int i = 0; i < casts.size(); i++) {
            casts.get(i).launch(stream);
        }
    }

    /** Enqueues tensor = copy. */
    void widen(Stream stream) {
        for (int i = 0; i < widenings.size(); i++) {
            widenings.get(i).launch(stream);
        }
    }
}
