package dev.gatun.host;

import java.util.Map;

/** An event: the moment at which the work before it was done, or a place in a capture. Guarded by itself. */
final class HostEvent {
    final boolean timing;
    private volatile long recordedAt;
    private boolean recorded;
    private Task task;
    private Capture capture;
    private Map<HostStream, Integer> reached;

    HostEvent(boolean timing) {
        this.timing = timing;
    }

    /** Marks the end of what was enqueued on a stream so far. */
    synchronized void record(HostStream stream, Scheduler scheduler) {
        Capture current = stream.capture();
        reached = current == null ? null : current.mark(stream);
        capture = current;
        if (current == null) {
            recorded = true;
            if (scheduler == null) {
                recordedAt = System.nanoTime();
            } else {
                task = scheduler.enqueue(stream, checkOnly -> recordedAt = System.nanoTime(), null);
            }
        }
    }

    /** Returns the capture in which the event was recorded last, or null. */
    synchronized Capture capture() {
        return capture;
    }

    /** Has a stream of the event's capture, or one that enters it, go on behind the event. */
    synchronized void joinTo(HostStream stream) {
        capture.join(stream, reached);
    }

    /** Returns what is done when the event is; null if nothing is to be waited for. */
    synchronized Task task() {
        return task;
    }

    /** Refuses an event that only marks a place in a capture: there is no moment to wait for. */
    void requireNotCaptured(String function) {
        if (capture() != null) {
            throw new Fault(Fault.Kind.CAPTURED_EVENT, function + ": the event was last recorded on a stream under capture");
        }
    }

    synchronized boolean recorded() {
        return recorded;
    }

    float millisecondsSince(HostEvent start) {
        return (recordedAt - start.recordedAt) / 1e6f;
    }
}
