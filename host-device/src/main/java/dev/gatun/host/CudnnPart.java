package dev.gatun.host;

import dev.gatun.device.NativeLibrary;

/** What the parts of cuDNN have in common: statuses, the last error, and making and destroying descriptors. */
abstract class CudnnPart extends HostLibrary {
    final CudnnObjects cudnn;

    CudnnPart(Host host, CudnnObjects cudnn) {
        super(host, NativeLibrary.CUDNN);
        this.cudnn = cudnn;
    }

    @Override
    final int status(Fault.Kind kind) {
        return switch (kind) {
            case NOT_INITIALIZED -> 1001;
            case INVALID_VALUE, INVALID_HANDLE -> 2000;
            case NOT_SUPPORTED -> 3000;
            case OUT_OF_MEMORY -> 4003;
            default -> 5000;
        };
    }

    @Override
    final int internalError() {
        return 4000;
    }

    @Override
    final void failed(int status, String message) {
        cudnn.lastError.set(message);
    }

    final <T> int create(Handles<T> handles, T object, long pointer, String function) {
        Native.putLong(Native.required(pointer, function, "the descriptor's address"), handles.add(object, function));
        return 0;
    }

    /** As observed of cuDNN, destroying NULL is no error. */
    static int destroy(Handles<?> handles, long handle, String function) {
        if (handle != 0) {
            handles.remove(handle, function, "the descriptor");
        }
        return 0;
    }
}
