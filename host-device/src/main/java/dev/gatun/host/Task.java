package dev.gatun.host;

/** Work in a stream's queue, and the work of other streams that must be done before. Guarded by its {@link Scheduler}. */
final class Task {
    static final Task[] NOTHING = {};

    final HostStream stream;

    /** Null for a task that only waits. */
    Work work;

    private Task[] after;
    private boolean done;

    /** Whether a thread waits for this task. */
    boolean awaited;

    Task(HostStream stream, Work work, Task[] after) {
        this.stream = stream;
        this.work = work;
        this.after = after;
    }

    boolean done() {
        return done;
    }

    /** Marks the task done, and lets go of what it held: an event may keep it for long. */
    void finish() {
        done = true;
        work = null;
        after = NOTHING;
    }

    /** Returns a task of another stream that must be done first, or null. */
    Task obstacle() {
        for (Task task : after) {
            if (!task.done) {
                return task;
            }
        }
        return null;
    }
}
