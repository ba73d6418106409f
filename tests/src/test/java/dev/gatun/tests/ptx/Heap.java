package dev.gatun.tests.ptx;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.TreeMap;

/** Device memory of tests: allocations with unmapped gaps between them, uninitialised at first. */
final class Heap implements AddressSpace {
    private static final long ALIGNMENT = 256;

    private final TreeMap<Long, Region> regions = new TreeMap<>();
    private long next = 0x7f00_0000_0000L;

    /** Allocates {@code bytes} that begin {@code offset} bytes after a multiple of 256. */
    Region allocate(String name, long bytes, int offset) {
        MemorySegment memory = Arena.ofAuto().allocate(bytes + Long.BYTES, Long.BYTES).asSlice(0, bytes);
        Region region = new Region(name, next + offset, memory, false);
        regions.put(region.address(), region);
        next += Math.ceilDiv(offset + bytes, ALIGNMENT) * ALIGNMENT + ALIGNMENT;
        return region;
    }

    /** Allocates a copy of host memory. */
    Region copyOf(String name, MemorySegment content, int offset) {
        Region region = allocate(name, content.byteSize(), offset);
        region.memory().copyFrom(content);
        region.shadow().initialiseAll();
        return region;
    }

    @Override
    public Region at(long address) {
        Map.Entry<Long, Region> entry = regions.floorEntry(address);
        return entry == null ? null : entry.getValue();
    }
}
