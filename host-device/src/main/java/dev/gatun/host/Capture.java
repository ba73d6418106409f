package dev.gatun.host;

import java.util.ArrayList;
import java.util.List;

/** A stream capture under way: the work written down so far. */
final class Capture {
    private static final int GLOBAL = 0;
    private static final int RELAXED = 2;

    private final int mode;
    private final Thread thread = Thread.currentThread();
    private final List<Runnable> work = new ArrayList<>();
    private volatile String invalidatedBy;

    /** Begins a capture by the calling thread, in a mode numbered as {@code cudaStreamCaptureMode}. */
    Capture(int mode) {
        this.mode = mode;
    }

    void add(Runnable node) {
        if (invalidatedBy != null) {
            throw invalidated("the capture of this stream");
        }
        work.add(node);
    }

    /** Returns whether the calling thread may not make calls that could disturb the capture. */
    boolean concernsThisThread() {
        return mode == GLOBAL || mode != RELAXED && thread == Thread.currentThread();
    }

    /** Ends the capture's usefulness, as the runtime does on an illegal call; returns the error of that call. */
    Fault invalidate(Fault.Kind kind, String message) {
        invalidatedBy = message;
        return new Fault(kind, message);
    }

    boolean invalid() {
        return invalidatedBy != null;
    }

    /** Refuses to end the capture on a thread that did not begin it, unless its mode is relaxed. */
    void requireEndable(String function) {
        if (mode != RELAXED && thread != Thread.currentThread()) {
            throw new Fault(Fault.Kind.CAPTURE_WRONG_THREAD, function + ": the capture was begun by thread '" + thread.getName()
                    + "', which must end it too");
        }
    }

    /** Returns what was captured, in order. */
    List<Runnable> work(String function) {
        if (invalidatedBy != null) {
            throw invalidated(function + ": the capture");
        }
        return List.copyOf(work);
    }

    private Fault invalidated(String what) {
        return new Fault(Fault.Kind.CAPTURE_INVALIDATED, what + " was invalidated: " + invalidatedBy);
    }
}
