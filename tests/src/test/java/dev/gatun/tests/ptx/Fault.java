package dev.gatun.tests.ptx;

/** What stops a launch: an access outside memory, an uninitialised register, a deadlock. */
final class Fault extends RuntimeException {
    Fault(String message) {
        super(message);
    }
}
