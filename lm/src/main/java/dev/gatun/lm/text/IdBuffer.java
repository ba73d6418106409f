package dev.gatun.lm.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A growing row of ids, int32: off-heap while it is small, and in a temporary file, mapped, once it is not. */
final class IdBuffer implements AutoCloseable {
    private static final long FIRST_CAPACITY = 1 << 16;

    private final long mostInMemory;
    private Arena arena = Arena.ofShared();
    private MemorySegment ids = arena.allocate(ValueLayout.JAVA_INT, FIRST_CAPACITY);
    private FileChannel file;
    private long size;

    /** Holds up to {@code mostInMemory} ids in memory. */
    IdBuffer(long mostInMemory) {
        this.mostInMemory = mostInMemory;
    }

    void add(int id) throws IOException {
        if (size == ids.byteSize() / Integer.BYTES) {
            grow(2 * size);
        }
        ids.setAtIndex(ValueLayout.JAVA_INT, size++, id);
    }

    private void grow(long capacity) throws IOException {
        if (capacity > mostInMemory && file == null) {
            Path path = Files.createTempFile("gatun-", ".ids");
            file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
        }
        Arena larger = Arena.ofShared();
        try {
            long bytes = capacity * Integer.BYTES;
            MemorySegment target = file == null ? larger.allocate(bytes, Integer.BYTES)
                    : file.map(FileChannel.MapMode.READ_WRITE, 0, bytes, larger);
            // The file, once there is one, holds what was added before: a new mapping of it is all that is needed.
            if (file == null || !ids.isMapped()) {
                MemorySegment.copy(ids, 0, target, 0, ids.byteSize());
            }
            arena.close();
            arena = larger;
            ids = target;
        } catch (Throwable t) {
            larger.close();
            throw t;
        }
    }

    long size() {
        return size;
    }

    int id(long index) {
        return ids.getAtIndex(ValueLayout.JAVA_INT, index);
    }

    /** Returns the ids, int32 [size]. */
    MemorySegment ids() {
        return ids.asSlice(0, size * Integer.BYTES).asReadOnly();
    }

    @Override
    public void close() {
        if (!arena.scope().isAlive()) {
            return;
        }
        arena.close();
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot close the temporary file of a text's ids", e);
            }
        }
    }
}
