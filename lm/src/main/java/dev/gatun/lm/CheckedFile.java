package dev.gatun.lm;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A checkpoint's file: safetensors whose last tensor, {@code crc32c}, is the CRC-32C (RFC 3720) of every byte before it, so that
 * one flipped bit is noticed before anything of the file is used.
 */
final class CheckedFile {
    private static final String VERSION = "gatun.checkpoint";
    private static final String WRITTEN_VERSION = "1";
    static final TensorInfo CHECKSUM = new TensorInfo("crc32c", List.of((long) Integer.BYTES), TensorType.U8);
    private static final ValueLayout.OfInt CHECKSUM_LAYOUT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long CHUNK = 1 << 30;

    private CheckedFile() {}

    /** Writes a file as {@link Safetensors#write} does, with a version among the metadata and the checksum at the end. */
    static void write(Path file, Map<String, String> metadata, List<TensorInfo> tensors, Safetensors.Source source) throws IOException {
        Map<String, String> versioned = new LinkedHashMap<>(metadata);
        versioned.put(VERSION, WRITTEN_VERSION);
        List<TensorInfo> checked = new ArrayList<>(tensors);
        checked.add(CHECKSUM);
        CRC32C crc = new CRC32C();
        ByteBuffer header = SafetensorsHeader.format(versioned, checked);
        crc.update(header);
        Safetensors.write(file, versioned, checked, (tensor, values) -> {
            if (tensor == CHECKSUM) {
                values.set(CHECKSUM_LAYOUT, 0, (int) crc.getValue());
            } else {
                source.copyTo(tensor, values);
                update(crc, values);
            }
        });
    }

    /**
     * Opens a file and checks all of it.
     *
     * @throws SafetensorsException if it is no checkpoint, is of another version, or is damaged
     * @throws IOException if it cannot be read
     */
    static Safetensors open(Path file) throws IOException {
        Safetensors opened = Safetensors.open(file);
        try {
            String version = opened.metadata().get(VERSION);
            if (!WRITTEN_VERSION.equals(version)) {
                throw new SafetensorsException(file + (version == null ? ": not a checkpoint: its metadata lack " + VERSION
                        : ": a checkpoint of version " + version + "; this program reads version " + WRITTEN_VERSION));
            }
            int expected = opened.values(CHECKSUM).get(CHECKSUM_LAYOUT, 0);
            CRC32C crc = new CRC32C();
            update(crc, opened.bytes().asSlice(0, opened.bytes().byteSize() - CHECKSUM.byteSize()));
            if ((int) crc.getValue() != expected) {
                throw new SafetensorsException(file + ": damaged: its checksum is " + Integer.toHexString((int) crc.getValue())
                        + ", expected " + Integer.toHexString(expected));
            }
            return opened;
        } catch (Throwable t) {
            opened.close();
            throw t;
        }
    }

    private static void update(CRC32C crc, MemorySegment bytes) {
        for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
            crc.update(bytes.asSlice(at, Math.min(CHUNK, bytes.byteSize() - at)).asByteBuffer());
        }
    }
}
