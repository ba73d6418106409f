package dev.gatun.host;

import dev.gatun.device.NativeLibrary;
import dev.gatun.generated.cublas.Cublas;

/** cuBLASLt of the software device: it says its version and names statuses, and answers all else with CUBLAS_STATUS_NOT_SUPPORTED. */
final class CublasLtFunctions extends HostLibrary {
    CublasLtFunctions(Host host) {
        super(host, NativeLibrary.CUBLASLT);
    }

    @Override
    int status(Fault.Kind kind) {
        return kind == Fault.Kind.NOT_SUPPORTED ? 15 : 7;
    }

    @Override
    int internalError() {
        return 14;
    }

    long cublasLtGetVersion() {
        return Cublas.CUBLAS_VERSION();
    }

    long cublasLtGetCudartVersion() {
        return RuntimeFunctions.VERSION;
    }

    int cublasLtGetProperty(int type, long value) {
        return CublasFunctions.property(type, value, "cublasLtGetProperty");
    }

    long cublasLtGetStatusName(int status) {
        return CublasFunctions.statusName(status);
    }

    long cublasLtGetStatusString(int status) {
        return CublasFunctions.statusText(status);
    }
}
