package dev.gatun.host;

import dev.gatun.host.compute.WorkerPool;
import java.util.function.IntConsumer;

/**
 * What cudaMemset does, by all workers: memory that is touched for the first time comes to two threads at once about twice as fast, and a
 * program's first work on large memory is to clear it. Used by one thread at a time, which holds the device's engine.
 */
final class MemoryFill {
    /** Bytes of a task: a huge page. */
    private static final long BLOCK = 2 << 20;

    private final IntConsumer task = this::fillBlock;
    private long address;
    private long bytes;
    private byte value;

    /** Sets so many bytes from an address on. */
    void fill(long address, long bytes, byte value) {
        this.address = address;
        this.bytes = bytes;
        this.value = value;
        WorkerPool.shared().parallel(Math.toIntExact(Math.ceilDiv(bytes, BLOCK)), task);
    }

    private void fillBlock(int block) {
        long first = block * BLOCK;
        Native.fill(address + first, Math.min(BLOCK, bytes - first), value);
    }
}
