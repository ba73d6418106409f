package dev.gatun.host.compute;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class WorkerPoolTest {
    private final WorkerPool pool = WorkerPool.shared();

    @Test
    void everyTaskRunsOnce() {
        for (int tasks = 0; tasks < 70; tasks++) {
            AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
            pool.parallel(tasks, runs::incrementAndGet);
            for (int task = 0; task < tasks; task++) {
                assertEquals(1, runs.get(task));
            }
        }
    }

    @Test
    void allWorkersTakePart() {
        assertEquals(Runtime.getRuntime().availableProcessors(), pool.workers());
        CountDownLatch everyone = new CountDownLatch(pool.workers());
        pool.parallel(pool.workers(), task -> {
            everyone.countDown();
            // Each waits for all the others, which a thread that runs two tasks could not.
            assertDoesNotThrow(() -> assertTrue(everyone.await(20, TimeUnit.SECONDS)));
        });
        assertEquals(0, everyone.getCount());
    }

    @Test
    void oneTaskRunsOnTheCaller() {
        Thread[] thread = new Thread[1];
        pool.parallel(1, task -> thread[0] = Thread.currentThread());
        assertSame(Thread.currentThread(), thread[0]);
    }

    @Test
    void whatATaskThrowsReachesTheCaller() {
        for (int bad = 0; bad < 8; bad++) {
            int thrower = bad;
            IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> pool.parallel(8, task -> {
                if (task == thrower) {
                    throw new IllegalStateException("task " + task);
                }
            }));
            assertEquals("task " + bad, thrown.getMessage());
        }
        assertThrows(StackOverflowError.class, () -> pool.parallel(4, task -> {
            throw new StackOverflowError();
        }));
        AtomicInteger runs = new AtomicInteger();
        pool.parallel(4, task -> runs.incrementAndGet());
        assertEquals(4, runs.get());
    }

    @Test
    void aLoopInsideALoopRunsInline() {
        AtomicInteger runs = new AtomicInteger();
        pool.parallel(6, outer -> {
            Thread thread = Thread.currentThread();
            pool.parallel(5, inner -> {
                assertSame(thread, Thread.currentThread());
                runs.incrementAndGet();
            });
        });
        assertEquals(30, runs.get());
    }

    @Test
    void aTaskMayNotWaitForTheCoresThatItsLoopHolds() {
        try (Arena arena = Arena.ofConfined()) {
            long one = Native.filled(arena, 1, 1);
            Executable loop = () -> pool.parallel(2, task -> Gemm.multiply(false, false, 1, 1, 1, 1, one, 1, one, 1, 0, one, 1));
            if (pool.workers() > 1) {
                assertThrows(IllegalStateException.class, loop);
            } else {
                // Nothing is held while one thread runs the tasks in turn.
                assertDoesNotThrow(loop);
            }
        }
    }

    @Test
    void threadsTakeTurns() throws InterruptedException {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger runs = new AtomicInteger();
        Thread[] threads = new Thread[6];
        for (int k = 0; k < threads.length; k++) {
            threads[k] = Thread.ofPlatform().start(() -> {
                for (int repetition = 0; repetition < 200; repetition++) {
                    pool.parallel(4, task -> {
                        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                        runs.incrementAndGet();
                        inside.decrementAndGet();
                    });
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(6 * 200 * 4, runs.get());
        assertTrue(most.get() <= pool.workers());
    }

    @Test
    void workersOfEndedThreadsEndToo() throws InterruptedException {
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        for (int k = 0; k < 50; k++) {
            Thread thread = Thread.ofPlatform().start(() -> pool.parallel(8, task -> seen.add(Thread.currentThread())));
            thread.join();
        }
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (seen.stream().filter(Thread::isAlive).count() > pool.workers() && System.nanoTime() < deadline) {
            Thread.sleep(10);
        }
        assertTrue(seen.stream().filter(Thread::isAlive).count() <= pool.workers());
    }

    @Test
    void aLoopAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        AtomicInteger runs = new AtomicInteger();
        IntConsumer body = task -> runs.incrementAndGet();
        for (int repetition = 0; repetition < 20_000; repetition++) {
            pool.parallel(4, body);
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int repetition = 0; repetition < 1000; repetition++) {
            pool.parallel(4, body);
        }
        // The measurement itself allocates a little.
        assertTrue(threads.getCurrentThreadAllocatedBytes() - before < 1000);
    }
}
