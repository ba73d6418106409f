package dev.gatun.examples;

import java.util.LinkedHashMap;
import java.util.Map;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Asks to stop, by Ctrl-C (SIGINT) or SIGTERM, turned into a flag that a run looks at after each step. A second one ends the process
 * at once. What signals did before is restored by {@link #close}.
 */
final class Interrupt implements AutoCloseable {
    private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();
    private volatile int exitCode;

    /** Watches from now on; a JVM that was started with {@code -Xrs} leaves signals to the system. */
    Interrupt() {
        for (String name : new String[] {"INT", "TERM"}) {
            Signal signal = new Signal(name);
            try {
                before.put(signal, Signal.handle(signal, this::handle));
            } catch (IllegalArgumentException e) {
                // The process then ends at once, and goes on from its last checkpoint when it is resumed.
            }
        }
    }

    private void handle(Signal signal) {
        int code = 128 + signal.getNumber();
        if (exitCode != 0) {
            Runtime.getRuntime().halt(code);
        }
        exitCode = code;
    }

    /** Returns 0 until a signal has come, and then the exit code that shells give for it: 130 for Ctrl-C, 143 for SIGTERM. */
    int exitCode() {
        return exitCode;
    }

    @Override
    public void close() {
        before.forEach(Signal::handle);
    }
}
