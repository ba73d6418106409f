package dev.gatun.host;

import dev.gatun.host.Allocations.Allocation;
import java.util.ArrayList;
import java.util.List;

/** The copies of checked mode that are queued and not done, to find what happens to their host memory meanwhile. */
final class QueuedCopies {
    private final List<HostCopy> copies = new ArrayList<>();

    synchronized void add(HostCopy copy) {
        copies.add(copy);
    }

    synchronized void remove(HostCopy copy) {
        copies.remove(copy);
    }

    /** Returns whether one of them is yet to read from a range of pinned memory. */
    synchronized boolean read(long address, long bytes) {
        return copies.stream().anyMatch(copy -> copy.reads(address, bytes));
    }

    /** Returns whether one of them is yet to write to a range of pinned memory. */
    synchronized boolean write(long address, long bytes) {
        return copies.stream().anyMatch(copy -> copy.writes(address, bytes));
    }

    /** Refuses to free pinned memory that one of them uses. */
    synchronized void requireUnused(Allocation block, String function) {
        for (HostCopy copy : copies) {
            String argument = block == null ? null : copy.nameOf(block);
            if (argument != null) {
                throw Fault.invalid(function + ": ptr is the " + argument + " of a " + copy.function() + " that nothing has waited for;"
                        + " wait for its stream, or for an event behind it, first");
            }
        }
    }
}
