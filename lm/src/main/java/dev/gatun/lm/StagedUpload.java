package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Event;
import dev.gatun.cuda.PinnedBuffer;
import dev.gatun.cuda.Stream;
import java.lang.foreign.MemorySegment;

/**
 * Brings one piece of data after another to the same device memory. Two page-locked buffers take turns, so that a piece can be
 * written while the one before it is still on its way; an event tells when a buffer is free again.
 */
final class StagedUpload implements AutoCloseable {
    private static final int SLOTS = 2;

    private final Resources resources = new Resources();
    private final Stream stream;
    private final DeviceBuffer target;
    private final MemorySegment[] staging = new MemorySegment[SLOTS];
    private final Event[] copied = new Event[SLOTS];
    private int slot;

    /** Uploads to {@code target}, which stays the caller's. */
    StagedUpload(DeviceBuffer target, Stream stream) {
        this.target = target;
        this.stream = stream;
        try {
            for (int i = 0; i < SLOTS; i++) {
                staging[i] = resources.own(PinnedBuffer.allocate(target.byteSize())).segment();
                copied[i] = resources.own(Event.create());
            }
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /** Waits for a free buffer as long as the target, to write to before {@link #end}. */
    MemorySegment begin() {
        copied[slot].synchronize();
        return staging[slot];
    }

    /** Enqueues the copy of what was written since {@link #begin}. */
    void end() {
        target.copyFromAsync(staging[slot], stream);
        copied[slot].record(stream);
        slot = (slot + 1) % SLOTS;
    }

    @Override
    public void close() {
        resources.close();
    }
}
