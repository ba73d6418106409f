package dev.gatun.lm;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A file of tensors in the safetensors format
 * (<a href="https://huggingface.co/docs/safetensors">its description</a>): the header's length as 8 bytes, a JSON header that
 * names each tensor with its type, shape and place, and the tensors' values one after another; all little-endian.
 *
 * <p>A file is trusted in nothing: every length and offset is checked before it is used, and a file that breaks the format in
 * any way is refused whole. The values stay off-heap, mapped from the file. May be read from any thread.
 */
public final class Safetensors implements AutoCloseable {
    /** The format's own limit on the length of a header. */
    static final long MAX_HEADER_BYTES = 100_000_000;

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long WRITE_BYTES = 1 << 30;

    private final Path file;
    private final Arena arena = Arena.ofShared();
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    private final Map<String, MemorySegment> values = new LinkedHashMap<>();
    private final Map<String, String> metadata;
    private final MemorySegment bytes;

    private Safetensors(Path file) throws IOException {
        this.file = file;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < Long.BYTES) {
                throw new SafetensorsException(file + ": not a safetensors file: it has " + size + " bytes, expected at least 8");
            }
            bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            long headerBytes = headerBytes();
            MemorySegment data = bytes.asSlice(Long.BYTES + headerBytes);
            SafetensorsHeader header = SafetensorsHeader.parse(file, bytes.asSlice(Long.BYTES, headerBytes), data.byteSize());
            metadata = Collections.unmodifiableMap(header.metadata());
            for (SafetensorsHeader.Entry entry : header.entries()) {
                tensors.put(entry.tensor().name(), entry.tensor());
                values.put(entry.tensor().name(), data.asSlice(entry.begin(), entry.tensor().byteSize()));
            }
        } catch (Throwable t) {
            arena.close();
            throw t;
        }
    }

    private long headerBytes() throws SafetensorsException {
        long length = bytes.get(LENGTH, 0);
        if (length < 0 || length > bytes.byteSize() - Long.BYTES) {
            throw new SafetensorsException(file + ": not a safetensors file, or one cut short: its header should take "
                    + Long.toUnsignedString(length) + " bytes, but only " + (bytes.byteSize() - Long.BYTES) + " bytes follow");
        }
        if (length > MAX_HEADER_BYTES) {
            throw new SafetensorsException(file + ": the header takes " + length + " bytes; the format allows " + MAX_HEADER_BYTES);
        }
        return length;
    }

    /**
     * Opens a file and checks all of its header.
     *
     * @throws SafetensorsException if the file breaks the format, or holds a tensor of a type that {@link TensorType} does not list
     * @throws IOException if the file cannot be read
     */
    public static Safetensors open(Path file) throws IOException {
        return new Safetensors(file);
    }

    /** Returns the tensors by name, in the order of their values in the file; cannot be changed. */
    public Map<String, TensorInfo> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    /** Returns the header's free text by key; cannot be changed. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * Returns a tensor's values: row-major, little-endian, at any alignment; read-only, and valid until this file is closed.
     *
     * @throws SafetensorsException if the file holds no tensor of that name, shape and type; names what it holds instead
     */
    public MemorySegment values(TensorInfo tensor) throws SafetensorsException {
        TensorInfo found = tensors.get(tensor.name());
        if (found == null) {
            throw new SafetensorsException(file + ": no tensor '" + tensor.name() + "'; expected " + tensor + ", the file holds "
                    + tensors.values());
        }
        if (!found.equals(tensor)) {
            throw new SafetensorsException(file + ": expected tensor " + tensor + ", found " + found);
        }
        return values.get(tensor.name());
    }

    /** Returns the whole file, for a checksum. */
    MemorySegment bytes() {
        return bytes;
    }

    /** Unmaps the file; further calls do nothing. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    /** Gives the values of a tensor that is being written. */
    @FunctionalInterface
    public interface Source {
        /**
         * Copies a tensor's values to host memory.
         *
         * @param tensor which one
         * @param values receives them row-major; exactly {@link TensorInfo#byteSize} bytes
         */
        void copyTo(TensorInfo tensor, MemorySegment values);
    }

    /**
     * Writes tensors to a file, replacing it as a whole at the very end: a reader sees the old file or the new one, and a
     * failure or a crash leaves the old one; on return the new one is on the disk. Needs host memory for the largest tensor.
     *
     * @param file what to write; its folder must exist
     * @param metadata free text by key
     * @param tensors what to write, in this order
     * @param source gives the values of each tensor, in that order
     * @throws IllegalArgumentException if two tensors have one name, or one is named {@code __metadata__}
     * @throws IOException if the file cannot be written; what was written of it is deleted
     */
    public static void write(Path file, Map<String, String> metadata, List<TensorInfo> tensors, Source source) throws IOException {
        ByteBuffer header = SafetensorsHeader.format(metadata, tensors);
        // Beside the file, for a rename only replaces a file at once within one file system.
        Path written = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(written, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                    Arena arena = Arena.ofConfined()) {
                writeAll(channel, header);
                long largest = tensors.stream().mapToLong(TensorInfo::byteSize).max().orElse(0);
                MemorySegment buffer = arena.allocate(largest, Float.BYTES);
                for (TensorInfo tensor : tensors) {
                    MemorySegment values = buffer.asSlice(0, tensor.byteSize());
                    source.copyTo(tensor, values);
                    for (long at = 0; at < values.byteSize(); at += WRITE_BYTES) {
                        writeAll(channel, values.asSlice(at, Math.min(WRITE_BYTES, values.byteSize() - at)).asByteBuffer());
                    }
                }
                channel.force(true);
            }
            Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            forceFolder(file.toAbsolutePath().getParent());
        } finally {
            Files.deleteIfExists(written);
        }
    }

    /** A rename is safe once the folder is on the disk too; one that may not be read is left to the system. */
    private static void forceFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (AccessDeniedException e) {
            // The rename is done, and reaches the disk in the system's own time.
        }
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
