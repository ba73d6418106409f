package dev.gatun.tests.ptx;

/** A PTX text that is malformed, or holds something that the interpreter does not implement. */
final class PtxException extends RuntimeException {
    PtxException(int line, String message) {
        super("PTX line " + line + ": " + message);
    }
}
