package dev.gatun.host;

import java.util.ArrayDeque;

/**
 * A stream. Its work is done at the call that enqueues it, or queued where the device's {@link Scheduler} has streams run by
 * themselves, or written down while the stream is captured.
 */
final class HostStream {
    private static final int NON_BLOCKING = 1;

    final int flags;
    final int priority;

    /** What is not done yet, in order; guarded by the scheduler. */
    final ArrayDeque<Task> queue = new ArrayDeque<>();

    private final Host host;
    private volatile Capture capture;

    HostStream(Host host, int flags, int priority) {
        this.host = host;
        this.flags = flags;
        this.priority = priority;
    }

    /** Returns whether the default stream waits for this one. */
    boolean blocking() {
        return (flags & NON_BLOCKING) == 0;
    }

    /** Returns whether work must be given to {@link #record} now instead of being done. */
    boolean recording() {
        return host.scheduler != null || capture != null;
    }

    /** Captures work that has nothing to check, or queues it. */
    void record(Runnable work) {
        record(checkOnly -> {
            if (!checkOnly) {
                work.run();
            }
        });
    }

    /** Captures work or queues it; in checked mode its pointers are looked at first. */
    void record(Work work) {
        Capture current = capture;
        if (current != null) {
            current.requireValid("the capture of this stream");
        }
        if (host.checked) {
            work.run(true);
        }
        if (current != null) {
            current.add(this, work);
        } else {
            host.scheduler.enqueue(this, work.enqueued(), null);
        }
    }

    /** Returns the capture under way, or null. */
    Capture capture() {
        return capture;
    }

    void setCapture(Capture capture) {
        this.capture = capture;
    }
}
