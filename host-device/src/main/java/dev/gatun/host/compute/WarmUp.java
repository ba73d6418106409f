package dev.gatun.host.compute;

import dev.gatun.host.OneDnn;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;

/**
 * What the first computations would wait for, done beside a program's own start: oneDNN is loaded, and makes its machine code for products.
 * Saves a training program of two cores about 0.2 s of its start.
 */
public final class WarmUp {
    private static final int SIZE = 32;

    private WarmUp() {}

    /** Begins, on a thread of its own. What fails then fails again, and says so, where it is needed. */
    public static void begin() {
        Thread.ofPlatform().daemon().name("gatun-warm-up").start(() -> {
            if (OneDnn.isLoaded()) {
                multiply();
            }
        });
    }

    private static void multiply() {
        try (Arena arena = Arena.ofConfined()) {
            long matrix = arena.allocate(ValueLayout.JAVA_FLOAT, SIZE * SIZE).address();
            long result = arena.allocate(ValueLayout.JAVA_FLOAT, SIZE * SIZE).address();
            Gemm.multiply(false, true, SIZE, SIZE, SIZE, 1, matrix, SIZE, matrix, SIZE, 0, result, SIZE);
            WorkerPool pool = WorkerPool.shared();
            pool.lock();
            try {
                PackedProduct.of(SIZE, SIZE, SIZE, true, true);
            } finally {
                pool.unlock();
            }
        }
    }
}
