package dev.gatun.host;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A capture under way: the work written down so far, on the stream where it began and on those that events pulled in (CUDA
 * programming guide, "Cross-stream dependencies and events").
 */
final class Capture {
    private static final int GLOBAL = 0;
    private static final int RELAXED = 2;

    private final HostStream origin;
    private final int mode;
    private final Thread thread = Thread.currentThread();
    private final List<Work> work = new ArrayList<>();

    /** For each stream of the capture, how much of every stream's work its next piece comes after; entering counts as a piece. */
    private final Map<HostStream, Map<HostStream, Integer>> reached = new HashMap<>();

    private volatile String invalidatedBy;
    private volatile boolean ended;

    /** Begins a capture by the calling thread, in a mode numbered as {@code cudaStreamCaptureMode}. */
    Capture(HostStream origin, int mode) {
        this.origin = origin;
        this.mode = mode;
        reached.put(origin, new HashMap<>());
        origin.setCapture(this);
    }

    synchronized void add(HostStream stream, Work node) {
        work.add(node);
        reached.get(stream).merge(stream, 1, Integer::sum);
    }

    /** Returns how much of every stream's work an event comes after that is recorded on a stream now. */
    synchronized Map<HostStream, Integer> mark(HostStream stream) {
        requireValid("the capture of this stream");
        return Map.copyOf(reached.get(stream));
    }

    /** Has the next work of a stream come after an event; a stream that was not captured so far enters the capture. */
    synchronized void join(HostStream stream, Map<HostStream, Integer> mark) {
        requireValid("the capture that the event belongs to");
        Map<HostStream, Integer> own = reached.computeIfAbsent(stream, entering -> new HashMap<>(Map.of(entering, 1)));
        mark.forEach((other, count) -> own.merge(other, count, Math::max));
        stream.setCapture(this);
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

    boolean ended() {
        return ended;
    }

    /** Refuses to go on with a capture that an illegal call has spoilt. */
    void requireValid(String what) {
        if (invalidatedBy != null) {
            throw new Fault(Fault.Kind.CAPTURE_INVALIDATED, what + " was invalidated: " + invalidatedBy);
        }
    }

    /** Refuses to end the capture on another stream, or on a thread that did not begin it, unless its mode is relaxed. */
    void requireEndable(HostStream stream, String function) {
        if (stream != origin) {
            throw new Fault(Fault.Kind.CAPTURE_UNMATCHED, function + ": the capture began on another stream, which must end it; an"
                    + " event pulled this one in");
        }
        if (mode != RELAXED && thread != Thread.currentThread()) {
            throw new Fault(Fault.Kind.CAPTURE_WRONG_THREAD, function + ": the capture was begun by thread '" + thread.getName()
                    + "', which must end it too");
        }
    }

    /** Lets go of all streams. */
    synchronized void end() {
        ended = true;
        reached.keySet().forEach(stream -> stream.setCapture(null));
    }

    /** Returns what was captured, in order. */
    synchronized List<Work> work(String function) {
        requireValid(function + ": the capture");
        Map<HostStream, Integer> joined = reached.get(origin);
        reached.forEach((stream, own) -> {
            if (joined.getOrDefault(stream, 0) < own.getOrDefault(stream, 0)) {
                throw new Fault(Fault.Kind.CAPTURE_UNJOINED, function + ": an event pulled another stream into the capture, whose work"
                        + " was not joined; record an event behind it, and have the stream where the capture began wait for that");
            }
        });
        return List.copyOf(work);
    }
}
