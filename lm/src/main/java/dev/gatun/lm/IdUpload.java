package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Event;
import dev.gatun.cuda.PinnedBuffer;
import dev.gatun.cuda.Stream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Brings the word ids of one segment after another to fixed device memory. Two page-locked buffers take turns, so that a segment
 * can be prepared while the one before it is still on its way; an event tells when a buffer is free again.
 */
final class IdUpload implements AutoCloseable {
    private static final int SLOTS = 2;

    private final Resources resources = new Resources();
    private final Stream stream;
    private final long bytes;
    private final DeviceBuffer ids; // int32 [2][steps][batch]: inputs, targets
    private final MemorySegment[] staging = new MemorySegment[SLOTS]; // int32 [2][steps][batch]
    private final Event[] copied = new Event[SLOTS];
    private int slot;

    IdUpload(int steps, int batch, Stream stream) {
        this.stream = stream;
        bytes = (long) Integer.BYTES * steps * batch;
        try {
            ids = resources.own(DeviceBuffer.allocate(2 * bytes));
            for (int i = 0; i < SLOTS; i++) {
                staging[i] = resources.own(PinnedBuffer.allocate(2 * bytes)).segment();
                copied[i] = resources.own(Event.create());
            }
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /** Returns the inputs on the device, int32 [steps][batch]. */
    DeviceBuffer inputs() {
        return ids.slice(0, bytes);
    }

    /** Returns the targets on the device, int32 [steps][batch]. */
    DeviceBuffer targets() {
        return ids.slice(bytes, bytes);
    }

    /**
     * Enqueues the copy of a segment; on return both arguments may change.
     *
     * @throws IllegalArgumentException if a segment has another size, or an id is not in [0, vocabulary)
     */
    void send(MemorySegment inputs, MemorySegment targets, int vocabulary) {
        check("inputs", inputs, vocabulary);
        check("targets", targets, vocabulary);
        MemorySegment next = beginSend();
        MemorySegment.copy(inputs, 0, next, 0, bytes);
        MemorySegment.copy(targets, 0, next, bytes, bytes);
        endSend();
    }

    /** Waits for a free buffer, int32 [2][steps][batch], to write inputs and targets to before {@link #endSend}. */
    MemorySegment beginSend() {
        copied[slot].synchronize();
        return staging[slot];
    }

    /** Enqueues the copy of what was written since {@link #beginSend}. */
    void endSend() {
        ids.copyFromAsync(staging[slot], stream);
        copied[slot].record(stream);
        slot = (slot + 1) % SLOTS;
    }

    private void check(String name, MemorySegment segment, int vocabulary) {
        Check.that(segment.byteSize() == bytes, name + " must be int32 [seq][batch], " + bytes + " bytes", segment.byteSize());
        for (long i = 0; i < bytes / Integer.BYTES; i++) {
            int id = segment.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
            if (id < 0 || id >= vocabulary) {
                throw new IllegalArgumentException(name + " hold the word id " + id + " at index " + i + ", expected 0 to "
                        + (vocabulary - 1) + ": the model knows " + vocabulary + " words");
            }
        }
    }

    @Override
    public void close() {
        resources.close();
    }
}
