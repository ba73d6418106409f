package dev.gatun.tests.ptx;

import java.util.IdentityHashMap;
import java.util.Map;

/**
 * What a kernel moves between the multiprocessors and global memory.
 *
 * <p>{@link #requested}: the bytes that warps ask for; what several lanes of an access ask for is counted once. {@link #sectors}:
 * the 32-byte sectors that those accesses touch, the unit in which a GPU moves memory; more of them than the bytes fill is bad
 * coalescing. {@link #moved}: the requested bytes without those that only other blocks asked for before. A word that several blocks
 * read is counted for the one that reads it most often, because all but the first find it in the cache that they share; a block
 * that reads a word twice is counted twice, because it may have gone from the cache in between.
 */
final class Traffic {
    private static final int SECTOR = 32;
    private static final int WORD = Region.UNIT;
    private static final int LANES = 32;

    private final Map<Region, Words> words = new IdentityHashMap<>();
    private final long[] sectorsOfAccess = new long[LANES];
    private int sectorCount;
    private int access;
    private int block;
    private long requested;
    private long sectors;
    private long moved;

    /** How often blocks read or wrote each word of a region. */
    private static final class Words {
        private final int[] lastAccess;
        private final int[] lastBlock;
        private final int[] timesByBlock;
        private final int[] mostTimes;

        private Words(int count) {
            lastAccess = new int[count];
            lastBlock = new int[count];
            timesByBlock = new int[count];
            mostTimes = new int[count];
        }
    }

    void beginBlock() {
        block++;
    }

    /** Begins an access of a warp. */
    void beginAccess() {
        access++;
        sectorCount = 0;
    }

    /** Counts what one lane asks for; it does not cross a sector's end, because accesses are aligned. */
    void lane(Region region, long address, int bytes) {
        Words counts = words.computeIfAbsent(region, r -> new Words((int) Math.ceilDiv(r.memory().byteSize(), (long) WORD)));
        int first = (int) ((address - region.address()) / WORD);
        for (int word = first; word < first + bytes / WORD; word++) {
            if (counts.lastAccess[word] != access) {
                counts.lastAccess[word] = access;
                requested += WORD;
                count(counts, word);
            }
        }
        long sector = address / SECTOR;
        for (int i = 0; i < sectorCount; i++) {
            if (sectorsOfAccess[i] == sector) {
                return;
            }
        }
        sectorsOfAccess[sectorCount++] = sector;
        sectors++;
    }

    private void count(Words counts, int word) {
        counts.timesByBlock[word] = counts.lastBlock[word] == block ? counts.timesByBlock[word] + 1 : 1;
        counts.lastBlock[word] = block;
        if (counts.timesByBlock[word] > counts.mostTimes[word]) {
            counts.mostTimes[word]++;
            moved += WORD;
        }
    }

    long requestedBytes() {
        return requested;
    }

    long sectors() {
        return sectors;
    }

    long movedBytes() {
        return moved;
    }
}
