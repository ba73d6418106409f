package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.gatun.host.Allocations.Allocation;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class AllocationsTest {
    /** Blocks of up to 16 bytes at multiples of 32, made and freed at random, looked up everywhere. */
    @Test
    void agreesWithASortedMap() {
        SplittableRandom random = new SplittableRandom(1);
        Allocations allocations = new Allocations();
        TreeMap<Long, Allocation> expected = new TreeMap<>();
        for (int i = 0; i < 20_000; i++) {
            long address = 32 * random.nextLong(200);
            if (expected.containsKey(address)) {
                assertEquals(expected.remove(address), allocations.remove(address));
            } else {
                Allocation block = new Allocation(address, random.nextLong(17), 0, null);
                expected.put(address, block);
                allocations.add(block);
            }
            long pointer = random.nextLong(32 * 201);
            Map.Entry<Long, Allocation> below = expected.floorEntry(pointer);
            assertEquals(below != null && below.getValue().contains(pointer) ? below.getValue() : null, allocations.find(pointer));
        }
        assertEquals(expected.values().stream().toList(), allocations.all());
        assertNull(allocations.remove(1), "no block starts there");
    }
}
