package dev.gatun.host;

/** A call that the software device refuses: which rule it broke, in words. Each library turns the kind into its own status. */
final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What kind of refusal; every library documents a status for each. */
    enum Kind {
        INVALID_VALUE(1),
        OUT_OF_MEMORY(2),
        NOT_INITIALIZED(3),
        INVALID_DEVICE(101),
        INVALID_IMAGE(200),
        INVALID_CONTEXT(201),
        INVALID_HANDLE(400),
        ILLEGAL_STATE(401),
        NOT_FOUND(500),
        ILLEGAL_ADDRESS(700),
        LAUNCH_FAILURE(719),
        NOT_SUPPORTED(801),
        CAPTURE_UNSUPPORTED(900),
        CAPTURE_INVALIDATED(901),
        CAPTURE_MERGE(902),
        CAPTURE_UNMATCHED(903),
        CAPTURE_UNJOINED(904),
        CAPTURE_ISOLATION(905),
        CAPTURE_IMPLICIT(906),
        CAPTURED_EVENT(907),
        CAPTURE_WRONG_THREAD(908);

        /** The number that the CUDA runtime and the driver both give. */
        final int cudaError;

        Kind(int cudaError) {
            this.cudaError = cudaError;
        }
    }

    private final Kind kind;

    Fault(Kind kind, String message) {
        super(message, null, false, false);
        this.kind = kind;
    }

    static Fault invalid(String message) {
        return new Fault(Kind.INVALID_VALUE, message);
    }

    static Fault notSupported(String message) {
        return new Fault(Kind.NOT_SUPPORTED, message);
    }

    Kind kind() {
        return kind;
    }
}
