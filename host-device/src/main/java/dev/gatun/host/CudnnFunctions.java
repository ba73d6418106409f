package dev.gatun.host;

import dev.gatun.generated.cudnn.Cudnn;

/** cuDNN's handle, versions and errors. */
final class CudnnFunctions extends CudnnPart {
    private static final StatusNames NAMES = new StatusNames(Cudnn.class, "CUDNN_STATUS_");

    CudnnFunctions(Host host, CudnnObjects cudnn) {
        super(host, cudnn);
    }

    int cudnnCreate(long handle) {
        Native.required(handle, "cudnnCreate", "handle");
        host.requireNoCapture("cudnnCreate");
        Native.putLong(handle, cudnn.handles.add(new LibraryHandle(), "cudnnCreate"));
        return 0;
    }

    int cudnnDestroy(long handle) {
        if (handle != 0) {
            use(cudnn.handles, handle, "cudnnDestroy");
            // As documented, it waits for the device.
            host.synchronizeDevice("cudnnDestroy");
            cudnn.handles.remove(handle, "cudnnDestroy", "handle");
        }
        return 0;
    }

    int cudnnSetStream(long handle, long stream) {
        LibraryHandle dnn = use(cudnn.handles, handle, "cudnnSetStream");
        host.stream(stream, "cudnnSetStream");
        dnn.stream = stream;
        return 0;
    }

    int cudnnGetStream(long handle, long stream) {
        LibraryHandle dnn = use(cudnn.handles, handle, "cudnnGetStream");
        Native.putLong(Native.required(stream, "cudnnGetStream", "streamId"), dnn.stream);
        return 0;
    }

    long cudnnGetVersion() {
        return Cudnn.CUDNN_VERSION();
    }

    long cudnnGetMaxDeviceVersion() {
        return 100L * Cudnn.CUDNN_MAX_SM_MAJOR_NUMBER() + 10L * Cudnn.CUDNN_MAX_SM_MINOR_NUMBER();
    }

    long cudnnGetCudartVersion() {
        return RuntimeFunctions.VERSION;
    }

    int cudnnGetProperty(int type, long value) {
        Native.required(value, "cudnnGetProperty", "value");
        Native.putInt(value, switch (type) {
            case 0 -> Cudnn.CUDNN_MAJOR();
            case 1 -> Cudnn.CUDNN_MINOR();
            case 2 -> Cudnn.CUDNN_PATCHLEVEL();
            default -> throw Fault.invalid("cudnnGetProperty: unknown type " + type);
        });
        return 0;
    }

    long cudnnGetErrorString(int status) {
        return Host.string(NAMES.of(status, "CUDNN_UNKNOWN_STATUS"));
    }

    void cudnnGetLastErrorString(long message, long capacity) {
        if (message != 0) {
            Native.putString(message, capacity, cudnn.lastError.get());
            cudnn.lastError.remove();
        }
    }

    int cudnnGraphVersionCheck() {
        return 0;
    }

    int cudnnOpsVersionCheck() {
        return 0;
    }

    int cudnnAdvVersionCheck() {
        return 0;
    }
}
