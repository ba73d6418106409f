package dev.gatun.host;

import java.util.Arrays;
import java.util.List;

/** Live allocations by address; looking one up allocates nothing. Not thread-safe. */
final class Allocations {
    /**
     * One allocation.
     *
     * @param address where the program sees it
     * @param real where it is
     * @param origin the stack that made it, or null
     */
    record Allocation(long address, long bytes, long real, Origin origin) {
        /** Returns whether an address lies in it; one of no bytes has a start all the same. */
        boolean contains(long pointer) {
            return pointer - address < Math.max(1, bytes);
        }
    }

    /** Ascending by address. */
    private Allocation[] blocks = new Allocation[64];
    private int size;

    void add(Allocation block) {
        if (size == blocks.length) {
            blocks = Arrays.copyOf(blocks, 2 * size);
        }
        int place = indexAtOrBelow(block.address()) + 1;
        System.arraycopy(blocks, place, blocks, place + 1, size - place);
        blocks[place] = block;
        size++;
    }

    /** Removes and returns the allocation that starts at an address; null if none does. */
    Allocation remove(long address) {
        int place = indexAtOrBelow(address);
        if (place < 0 || blocks[place].address() != address) {
            return null;
        }
        Allocation block = blocks[place];
        size--;
        System.arraycopy(blocks, place + 1, blocks, place, size - place);
        blocks[size] = null;
        return block;
    }

    /** Returns the allocation that an address lies in, or null. */
    Allocation find(long address) {
        int place = indexAtOrBelow(address);
        return place >= 0 && blocks[place].contains(address) ? blocks[place] : null;
    }

    /** Returns all allocations, ascending by address. */
    List<Allocation> all() {
        return List.of(Arrays.copyOf(blocks, size));
    }

    private int indexAtOrBelow(long address) {
        int low = 0;
        int high = size - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (blocks[middle].address() <= address) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }
}
