package dev.gatun.device;

/** No usable device, library or symbol; the message says what was tried and what to install. */
public class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a message for people. */
    public DeviceException(String message) {
        super(message);
    }
}
