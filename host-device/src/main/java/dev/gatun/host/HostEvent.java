package dev.gatun.host;

/** An event: the moment at which the work before it was done. */
final class HostEvent {
    final boolean timing;
    private long recordedAt;
    private boolean recorded;
    private Capture capture;

    HostEvent(boolean timing) {
        this.timing = timing;
    }

    /** Marks now, or, while the stream is captured, a place in the capture. */
    void record(Capture current) {
        capture = current;
        if (current == null) {
            recordedAt = System.nanoTime();
            recorded = true;
        }
    }

    /** Returns the capture in which the event was recorded last, or null. */
    Capture capture() {
        return capture;
    }

    /** Refuses an event that only marks a place in a capture: there is no moment to wait for. */
    void requireNotCaptured(String function) {
        if (capture != null) {
            throw new Fault(Fault.Kind.CAPTURED_EVENT, function + ": the event was last recorded on a stream under capture");
        }
    }

    boolean recorded() {
        return recorded;
    }

    float millisecondsSince(HostEvent start) {
        return (recordedAt - start.recordedAt) / 1e6f;
    }
}
