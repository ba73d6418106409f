package dev.gatun.examples;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Asks to stop, by Ctrl-C (SIGINT) or SIGTERM, turned into a flag that a run looks at after each step. A second one ends the process
 * at once, whatever it is doing; files are whole all the same, for each is put in place when it is. What signals did before is
 * restored by {@link #close}.
 */
final class Interrupt implements AutoCloseable {
    private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();
    private final AtomicInteger exitCode = new AtomicInteger();
    private final Runnable onFirst;

    /**
     * Watches from now on; a JVM that was started with {@code -Xrs} leaves signals to the system.
     *
     * @param onFirst called when the first signal comes, on a thread of its own
     */
    Interrupt(Runnable onFirst) {
        this.onFirst = onFirst;
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
        // The JVM calls this on a new thread for each signal.
        int code = 128 + signal.getNumber();
        if (!exitCode.compareAndSet(0, code)) {
            Runtime.getRuntime().halt(code);
        }
        onFirst.run();
    }

    /** Returns 0 until a signal has come, and then the exit code that shells give for it: 130 for Ctrl-C, 143 for SIGTERM. */
    int exitCode() {
        return exitCode.get();
    }

    @Override
    public void close() {
        before.forEach(Signal::handle);
    }
}
