package dev.gatun.host;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Does the work of all streams on one thread: in the order of each stream, and across streams as events and the legacy
 * default stream ask (CUDA runtime API, "Stream synchronization behavior"). In lazy mode a task is done only when something
 * waits for it or for one that comes after it.
 *
 * <p>The first task that fails ends the work of the device, as a GPU's fault does: what follows is left out, until a call
 * that waits reports the failure.
 */
final class Scheduler {
    /** A call that would queue more than this on one stream waits, as the calls of a real queue do. */
    private static final int LONGEST_QUEUE = 1024;

    private final boolean lazy;
    private final HostStream defaultStream;
    private final List<HostStream> streams = new ArrayList<>();

    /** Tasks to be reached, the next one first. */
    private final ArrayDeque<Task> wanted = new ArrayDeque<>();

    private Fault failure;
    private boolean idle;
    private boolean started;

    /** Makes the scheduler of a device whose default stream this is. */
    Scheduler(boolean lazy, HostStream defaultStream) {
        this.lazy = lazy;
        this.defaultStream = defaultStream;
        streams.add(defaultStream);
    }

    synchronized void add(HostStream stream) {
        streams.add(stream);
    }

    synchronized void remove(HostStream stream) {
        streams.remove(stream);
    }

    /** Queues work, or a mere wait where {@code work} is null, behind a task of another stream, where that is not null. */
    Task enqueue(HostStream stream, Work work, Task after) {
        await(lastOfFull(stream));
        synchronized (this) {
            Task task = new Task(stream, work, predecessors(stream, after));
            stream.queue.add(task);
            if (!lazy) {
                want(task);
            }
            return task;
        }
    }

    private synchronized Task lastOfFull(HostStream stream) {
        return stream.queue.size() < LONGEST_QUEUE ? null : stream.queue.getLast();
    }

    /** Returns what must be done before a new task of a stream, besides the stream's own tasks. */
    private Task[] predecessors(HostStream stream, Task after) {
        if (stream == defaultStream) {
            List<Task> tails = new ArrayList<>();
            if (after != null) {
                tails.add(after);
            }
            for (HostStream other : streams) {
                if (other != defaultStream && other.blocking() && !other.queue.isEmpty()) {
                    tails.add(other.queue.getLast());
                }
            }
            return tails.toArray(Task[]::new);
        }
        Task barrier = stream.blocking() ? defaultStream.queue.peekLast() : null;
        if (after == null && barrier == null) {
            return Task.NOTHING;
        }
        return after == null ? new Task[] {barrier} : barrier == null ? new Task[] {after} : new Task[] {after, barrier};
    }

    /** Returns the last task of a stream, or null if all are done. */
    synchronized Task last(HostStream stream) {
        return stream.queue.peekLast();
    }

    synchronized boolean done(Task task) {
        return task == null || task.done();
    }

    /**
     * Returns whether a task is done already. A program that asks again and again must see it done one day, so that in lazy
     * mode the question has it done, and only the next answer says so.
     */
    boolean poll(Task task) {
        boolean done = done(task);
        if (!done && lazy) {
            await(task);
        }
        return done;
    }

    /** Waits until a task is done; null is done. */
    void await(Task task) {
        if (task == null) {
            return;
        }
        boolean interrupted = false;
        synchronized (this) {
            if (!task.done()) {
                want(task);
            }
            while (!task.done()) {
                task.awaited = true;
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until all streams are done. */
    void awaitAll() {
        List<Task> tails;
        synchronized (this) {
            tails = streams.stream().map(stream -> stream.queue.peekLast()).toList();
        }
        tails.forEach(this::await);
    }

    /**
     * Reports what failed since the last report, once.
     *
     * @throws Fault if some work failed
     */
    synchronized void reportFailure(String function) {
        if (failure != null) {
            Fault fault = failure;
            failure = null;
            Fault.Kind kind = fault.kind() == Fault.Kind.ILLEGAL_ADDRESS ? fault.kind() : Fault.Kind.LAUNCH_FAILURE;
            throw new Fault(kind, function + ": work that was enqueued before failed: " + fault.getMessage());
        }
    }

    private void want(Task task) {
        wanted.add(task);
        if (!started) {
            started = true;
            Thread.ofPlatform().daemon().name("gatun-device").start(this::work);
        } else if (idle) {
            notifyAll();
        }
    }

    private void work() {
        while (true) {
            Task task = next();
            Fault fault = null;
            if (task.work != null) {
                fault = run(task.work);
            }
            synchronized (this) {
                failure = failure == null ? fault : failure;
                task.stream.queue.remove();
                task.finish();
                if (task.awaited) {
                    notifyAll();
                }
            }
        }
    }

    private Fault run(Work work) {
        try {
            if (!failed()) {
                work.run(false);
            }
            return null;
        } catch (Fault e) {
            return e;
        } catch (Throwable e) {
            System.getLogger("dev.gatun.host").log(System.Logger.Level.ERROR, "work on a stream failed", e);
            return new Fault(Fault.Kind.LAUNCH_FAILURE, e.toString());
        } finally {
            work.finished();
        }
    }

    private synchronized boolean failed() {
        return failure != null;
    }

    /** Waits for the next task to do. */
    private synchronized Task next() {
        while (true) {
            while (!wanted.isEmpty() && wanted.peek().done()) {
                wanted.remove();
            }
            if (!wanted.isEmpty()) {
                return firstOf(wanted.peek());
            }
            idle = true;
            try {
                wait();
            } catch (InterruptedException e) {
                // Nobody has a reason to end this thread but the end of the process.
            }
            idle = false;
        }
    }

    /** Returns what to do first on the way to a task. Each step leads to a task that was enqueued earlier, so that it ends. */
    private static Task firstOf(Task task) {
        Task first = task.stream.queue.peek();
        for (Task obstacle = first.obstacle(); obstacle != null; obstacle = first.obstacle()) {
            first = obstacle.stream.queue.peek();
        }
        return first;
    }
}
