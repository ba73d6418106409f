package dev.gatun.host;

/**
 * A stream: work is done at the moment it is enqueued, which every ordering rule of streams allows; while the stream is
 * captured, work is written down instead.
 */
final class HostStream {
    private static final int NON_BLOCKING = 1;

    final int flags;
    final int priority;
    private volatile Capture capture;

    HostStream(int flags, int priority) {
        this.flags = flags;
        this.priority = priority;
    }

    /** Returns whether the default stream waits for this one. */
    boolean blocking() {
        return (flags & NON_BLOCKING) == 0;
    }

    boolean recording() {
        return capture != null;
    }

    void record(Runnable work) {
        capture.add(work);
    }

    /** Returns the capture under way, or null. */
    Capture capture() {
        return capture;
    }

    void setCapture(Capture capture) {
        this.capture = capture;
    }
}
