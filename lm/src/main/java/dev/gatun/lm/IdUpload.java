package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Brings the word ids of one segment after another to fixed device memory.
 */
final class IdUpload implements AutoCloseable {
    private final Resources resources = new Resources();
    private final long bytes;
    private final DeviceBuffer ids; // int32 [2][steps][batch]: inputs, targets
    private final StagedUpload upload;

    IdUpload(int steps, int batch, Stream stream) {
        bytes = (long) Integer.BYTES * steps * batch;
        try {
            ids = resources.own(DeviceBuffer.allocate(2 * bytes));
            upload = resources.own(new StagedUpload(ids, stream));
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
        return upload.begin();
    }

    /** Enqueues the copy of what was written since {@link #beginSend}. */
    void endSend() {
        upload.end();
    }

    private void check(String name, MemorySegment segment, int vocabulary) {
        if (segment.byteSize() != bytes) { // Check.that would be given a message to throw away at each step
            throw new IllegalArgumentException(name + " must be int32 [seq][batch], " + bytes + " bytes, got " + segment.byteSize());
        }
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
