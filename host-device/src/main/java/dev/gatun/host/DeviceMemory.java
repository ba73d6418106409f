package dev.gatun.host;

import dev.gatun.device.spi.PtxRunner;
import dev.gatun.host.Allocations.Allocation;
import dev.gatun.host.compute.PackedWeights;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * "Device" memory and pinned host memory.
 *
 * <p>Fast mode hands out the real address. Checked mode hands out opaque device addresses that are mapped to nothing, fills
 * fresh memory with NaN, and translates each pointer at the entry of a call, refusing one that does not lie inside a live
 * allocation with enough bytes behind it.
 */
final class DeviceMemory {
    /** What cudaMalloc promises, and what cuBLAS asks of a workspace. */
    private static final long ALIGNMENT = 256;

    /**
     * Pages of Linux on x86-64 and most arm64 kernels, where it is asked for them. Memory of so many bytes lies in them: filling 64 MiB for
     * the first time was seen to take 6 to 67 ms instead of 224 to 228.
     */
    private static final long HUGE_PAGE = 2 << 20;

    private static final int MADV_HUGEPAGE = 14;

    /** Mapped on no current processor: Java code that dereferences it faults, as it would on a GPU. */
    private static final long OPAQUE_BASE = 0x0D0D_0000_0000_0000L;

    /** A float or double made of these bytes is NaN. */
    static final byte NAN_BYTE = (byte) 0xFF;

    /** Four of them, as no arithmetic makes them. */
    static final int UNWRITTEN = -1;

    private final boolean checked;
    private final Allocations device = new Allocations();
    private final Allocations pinned = new Allocations();

    /** Opaque addresses are never given out again, so that those that were freed are known for ever. */
    private final Allocations freed = new Allocations();

    private long nextOpaque = OPAQUE_BASE;
    private long allocatedBytes;

    DeviceMemory(boolean checked) {
        this.checked = checked;
    }

    static boolean isOpaque(long address) {
        return address >>> 48 == OPAQUE_BASE >>> 48;
    }

    synchronized long allocate(long bytes, String function) {
        long real = malloc(bytes, function);
        long address = real;
        if (checked) {
            Native.fill(real, bytes, NAN_BYTE);
            address = nextOpaque;
            // An untouched gap lies behind each allocation, so that running over its end never reaches another.
            nextOpaque += roundUp(bytes) + ALIGNMENT;
        }
        device.add(new Allocation(address, bytes, real, origin(function)));
        allocatedBytes += bytes;
        return address;
    }

    synchronized long allocatePinned(long bytes, String function) {
        long real = malloc(bytes, function);
        pinned.add(new Allocation(real, bytes, real, origin(function)));
        return real;
    }

    synchronized void free(long address, String function) {
        Allocation allocation = device.remove(address);
        if (allocation == null) {
            throw Fault.invalid(function + ": devPtr " + describe(address));
        }
        allocatedBytes -= allocation.bytes();
        PackedWeights.freed(allocation.real(), allocation.bytes());
        if (checked) {
            freed.add(new Allocation(address, allocation.bytes(), 0, null));
        }
        release(allocation);
    }

    synchronized void freePinned(long address, String function) {
        Allocation allocation = pinned.remove(address);
        if (allocation == null) {
            throw Fault.invalid(function + ": ptr 0x" + Long.toHexString(address) + " is not the start of live pinned host memory"
                    + (isOpaque(address) ? "; it is a device pointer, which cudaFree frees" : ""));
        }
        release(allocation);
    }

    /**
     * Returns the address of device memory that a call may write, or throws where it is not {@code bytes} of one live allocation.
     */
    long real(long address, long bytes, String function, String argument) {
        long real = input(address, bytes, function, argument);
        PackedWeights.changed(real, bytes);
        return real;
    }

    /** As {@link #real}, of memory that the call only reads, so that packed copies of it stay good. */
    long input(long address, long bytes, String function, String argument) {
        if (address == 0 && bytes > 0) {
            throw Fault.invalid(function + ": " + argument + " is NULL");
        }
        if (bytes < 0) {
            throw Fault.invalid(function + ": " + argument + " cannot have " + Long.toUnsignedString(bytes) + " bytes");
        }
        return checked ? translate(address, bytes, function, argument) : address;
    }

    private synchronized long translate(long address, long bytes, String function, String argument) {
        Allocation block = device.find(address);
        if (block == null) {
            if (bytes == 0) {
                return 0;
            }
            throw new Fault(Fault.Kind.ILLEGAL_ADDRESS, function + ": " + argument + " " + describe(address));
        }
        long left = block.bytes() - (address - block.address());
        if (bytes > left) {
            throw new Fault(Fault.Kind.ILLEGAL_ADDRESS, function + ": " + argument + " needs " + bytes + " bytes, but only "
                    + left + " are left of its allocation of " + block.bytes());
        }
        return block.real() + (address - block.address());
    }

    /** Returns a host pointer, or refuses a device pointer and pinned memory that is too short. */
    long host(long address, long bytes, String function, String argument) {
        Native.required(address, function, argument);
        if (checked) {
            requirePinnedBytes(address, bytes, function, argument);
        }
        return address;
    }

    /** Returns the live pinned memory that a host address lies in; null if it is pageable. */
    synchronized Allocation pinned(long address) {
        return pinned.find(address);
    }

    private synchronized void requirePinnedBytes(long address, long bytes, String function, String argument) {
        Allocation block = pinned.find(address);
        if (block != null && bytes > block.bytes() - (address - block.address())) {
            throw Fault.invalid(function + ": " + argument + " needs " + bytes + " bytes, but only "
                    + (block.bytes() - (address - block.address())) + " are left of its pinned host memory");
        }
    }

    /** Returns whether an address belongs to device memory, as cudaMemcpyDefault must find out. */
    synchronized boolean isDevice(long address) {
        return isOpaque(address) || device.find(address) != null;
    }

    /** Returns the live allocation that an address lies in, all of which may be written, or null. */
    synchronized PtxRunner.Extent extent(long address) {
        Allocation block = device.find(address);
        if (block == null) {
            return null;
        }
        PackedWeights.changed(block.real(), block.bytes());
        return new PtxRunner.Extent(block.address(), MemorySegment.ofAddress(block.real()).reinterpret(block.bytes()));
    }

    synchronized long allocatedBytes() {
        return allocatedBytes;
    }

    /** Returns what was not freed, in words. */
    synchronized List<String> leaks() {
        List<String> leaks = new ArrayList<>();
        device.all().forEach(allocation -> leaks.add(leak(allocation, "device")));
        pinned.all().forEach(allocation -> leaks.add(leak(allocation, "pinned host")));
        return leaks;
    }

    private static String leak(Allocation allocation, String kind) {
        return allocation.bytes() + " bytes of " + kind + " memory" + (allocation.origin() == null ? "" : allocation.origin().describe());
    }

    private String describe(long address) {
        if (address == 0) {
            return "is NULL";
        }
        if (freed.find(address) != null) {
            return "points into device memory that was freed before";
        }
        Allocation live = device.find(address);
        if (live != null) {
            return "points " + (address - live.address()) + " bytes into an allocation; expected its start";
        }
        if (checked && !isOpaque(address)) {
            return "(0x" + Long.toHexString(address) + ") is not device memory; is it a host pointer?";
        }
        return "(0x" + Long.toHexString(address) + ") is not inside a live device allocation";
    }

    private Origin origin(String function) {
        return checked ? new Origin(function) : null;
    }

    private static long roundUp(long bytes) {
        return Math.max(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    }

    private static long malloc(long bytes, String function) {
        long address = 0;
        // A size_t above Long.MAX_VALUE arrives as a negative number.
        if (bytes >= 0 && bytes <= Long.MAX_VALUE - ALIGNMENT) {
            address = Libc.ALIGNED_ALLOC.call(bytes < HUGE_PAGE ? ALIGNMENT : HUGE_PAGE, roundUp(bytes));
            if (address != 0 && bytes >= HUGE_PAGE) {
                // A kernel that has no huge pages refuses, and nothing but speed is lost.
                Libc.MADVISE.call(address, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
            }
        }
        if (address == 0) {
            throw new Fault(Fault.Kind.OUT_OF_MEMORY, function + ": cannot allocate " + Long.toUnsignedString(bytes) + " bytes");
        }
        return address;
    }

    private static void release(Allocation allocation) {
        Libc.FREE.call(allocation.real());
    }
}
