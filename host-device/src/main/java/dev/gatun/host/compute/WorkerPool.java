package dev.gatun.host.compute;

import dev.gatun.host.CFunction;
import dev.gatun.host.OneDnn;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;

/**
 * The threads that compute: those of oneDNN's OpenMP runtime, for Java code too.
 *
 * <p>A parallel loop in Java is a parallel region of OpenMP whose body is an upcall. With two pools, the one that had just
 * worked would still be spinning on the cores that the other one needs; with one, there is nothing to tune, and a loop
 * between two products finds its workers awake.
 *
 * <p>One computation runs at a time: {@link #lock} is held around every use of the cores.
 */
public final class WorkerPool {
    /** {@code void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags)}. */
    private static final CFunction PARALLEL_REGION = OneDnn.function("GOMP_parallel");

    private static final CFunction IN_PARALLEL = OneDnn.function("omp_in_parallel");

    private static final WorkerPool SHARED = new WorkerPool();

    private final ReentrantLock cores = new ReentrantLock();
    private final MemorySegment work;
    private final int workers;

    private final AtomicInteger nextTask = new AtomicInteger();
    private int tasks;
    private IntConsumer body;
    private volatile Throwable failure;

    private WorkerPool() {
        workers = (int) OneDnn.function("omp_get_max_threads").call();
        try {
            MethodType type = MethodType.methodType(void.class, long.class);
            MethodHandle method = MethodHandles.lookup().findVirtual(WorkerPool.class, "work", type);
            work = Linker.nativeLinker().upcallStub(method.bindTo(this), FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), Arena.global());
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns the process's only pool. */
    public static WorkerPool shared() {
        return SHARED;
    }

    /** Returns how many threads work on a loop, the caller among them. */
    public int workers() {
        return workers;
    }

    /**
     * Runs {@code body} for 0 to {@code tasks - 1} and waits for all of them. Tasks are handed out one by one, so that the
     * result must not depend on which thread runs which. A loop inside a loop runs on the thread that reaches it.
     *
     * @throws RuntimeException or an Error that a task threw (the first one seen; tasks not yet begun are then left out)
     */
    public void parallel(int tasks, IntConsumer body) {
        if (tasks <= 1 || workers == 1 || inParallelRegion()) {
            for (int task = 0; task < tasks; task++) {
                body.accept(task);
            }
            return;
        }
        cores.lock();
        try {
            this.tasks = tasks;
            this.body = body;
            failure = null;
            nextTask.set(0);
            int allThreads = 0; // a team that changed its size would end and start threads
            PARALLEL_REGION.call(work.address(), 0, allThreads, 0);
            if (failure instanceof Error error) {
                throw error;
            }
            if (failure instanceof RuntimeException exception) {
                throw exception;
            }
        } finally {
            this.body = null;
            cores.unlock();
        }
    }

    /**
     * Takes the cores for the calling thread; {@link #unlock} gives them back.
     *
     * @throws IllegalStateException inside a parallel loop, whose caller holds them and would wait for ever
     */
    void lock() {
        if (inParallelRegion()) {
            throw new IllegalStateException("a task of a parallel loop called a computation that needs all workers itself");
        }
        cores.lock();
    }

    void unlock() {
        cores.unlock();
    }

    private static boolean inParallelRegion() {
        return (int) IN_PARALLEL.call() != 0;
    }

    /** Runs on every thread of the region; an exception that left it would end the process. */
    private void work(long data) {
        try {
            // The first number is taken before the fields are read: that orders the reads behind the caller's writes.
            int i = nextTask.getAndIncrement();
            IntConsumer task = body;
            int count = tasks;
            while (i < count && failure == null) {
                task.accept(i);
                i = nextTask.getAndIncrement();
            }
        } catch (Throwable e) {
            failure = e;
        }
    }
}
