package dev.gatun.host;

import dev.gatun.host.Allocations.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A queued or captured copy. What it may put off is what the CUDA runtime's page "API synchronization behavior" leaves open:
 * pageable sources are copied during the call, and pageable targets written, while pinned memory is read and written late.
 *
 * <p>In checked mode a pinned target holds NaN until the copy is done, and a pinned source must not change before.
 */
final class HostCopy implements Work {
    private final Host host;
    private final String function;
    private final long to;
    private final long from;
    private final long bytes;
    private final boolean toDevice;
    private final boolean fromDevice;

    /** The pinned memory that the copy was given; null for device memory and pageable memory. */
    private final Allocation target;
    private final Allocation source;

    private MemorySegment staged;
    private boolean sourceGuarded;
    private long sourceHash;

    HostCopy(Host host, String function, long to, long from, long bytes, boolean toDevice, boolean fromDevice) {
        this(host, function, to, from, bytes, toDevice, fromDevice, toDevice ? null : host.memory.pinned(to),
                fromDevice ? null : host.memory.pinned(from));
    }

    private HostCopy(Host host, String function, long to, long from, long bytes, boolean toDevice, boolean fromDevice,
            Allocation target, Allocation source) {
        this.host = host;
        this.function = function;
        this.to = to;
        this.from = from;
        this.bytes = bytes;
        this.toDevice = toDevice;
        this.fromDevice = fromDevice;
        this.target = target;
        this.source = source;
    }

    /** Returns whether the source is pageable host memory and the target device memory. */
    boolean stages() {
        return toDevice && !fromDevice && source == null;
    }

    /** Returns whether {@code cudaMemcpy} waits for the copy. */
    boolean blocksAsMemcpy() {
        return !toDevice || source != null;
    }

    /** Returns whether {@code cudaMemcpyAsync} waits for the copy; to pageable memory it may, and here does. */
    boolean blocksAsMemcpyAsync() {
        return !toDevice && (!fromDevice || target == null);
    }

    String function() {
        return function;
    }

    /** Returns what the copy calls a block of pinned memory, {@code src} or {@code dst}, or null if it does not use it. */
    String nameOf(Allocation block) {
        return block == source ? "src" : block == target ? "dst" : null;
    }

    boolean reads(long address, long length) {
        return source != null && from < address + length && address < from + bytes;
    }

    boolean writes(long address, long length) {
        return target != null && to < address + length && address < to + bytes;
    }

    @Override
    public Work enqueued() {
        HostCopy queued = new HostCopy(host, function, to, from, bytes, toDevice, fromDevice, target, source);
        if (stages()) {
            queued.staged = Arena.ofAuto().allocate(bytes);
            Native.copy(from, queued.staged.address(), bytes);
        }
        if (host.checked) {
            // A source that a queued copy is yet to write may change, and a target that one is yet to read must not.
            if (source != null && !host.copies.write(from, bytes)) {
                queued.sourceGuarded = true;
                queued.sourceHash = Native.hash(from, bytes);
            }
            if (target != null && !host.copies.read(to, bytes)) {
                Native.fill(to, bytes, DeviceMemory.NAN_BYTE);
            }
            host.copies.add(queued);
        }
        return queued;
    }

    @Override
    public void finished() {
        host.copies.remove(this);
    }

    @Override
    public void run(boolean checkOnly) {
        requireAlive(source, from, "src");
        requireAlive(target, to, "dst");
        if (sourceGuarded && Native.hash(from, bytes) != sourceHash) {
            throw Fault.invalid(function + ": src is pinned host memory that was changed before the copy was done; wait for the"
                    + " stream, or for an event behind the copy, before writing to it again");
        }
        copy(host, function, to, from, bytes, toDevice, fromDevice, staged == null ? 0 : staged.address(), checkOnly);
    }

    /** Copies at once. */
    static void copy(Host host, String function, long to, long from, long bytes, boolean toDevice, boolean fromDevice) {
        copy(host, function, to, from, bytes, toDevice, fromDevice, 0, false);
    }

    /** Checks both ends and copies; from {@code staged} where that is not 0. */
    private static void copy(Host host, String function, long to, long from, long bytes, boolean toDevice, boolean fromDevice,
            long staged, boolean checkOnly) {
        long readFrom = staged != 0 ? staged
                : fromDevice ? host.memory.input(from, bytes, function, "src") : host.memory.host(from, bytes, function, "src");
        long writeTo = toDevice ? host.memory.real(to, bytes, function, "dst") : host.memory.host(to, bytes, function, "dst");
        if (!checkOnly) {
            synchronized (host.engine) {
                Native.copy(readFrom, writeTo, bytes);
            }
        }
    }

    /** Refuses pinned memory that was freed since, even if other pinned memory lies there now: a graph keeps addresses. */
    private void requireAlive(Allocation block, long address, String argument) {
        if (block != null && host.memory.pinned(address) != block) {
            throw Fault.invalid(function + ": " + argument + " was pinned host memory when the call was made, and was freed since");
        }
    }
}
