package dev.gatun.examples.tensorboard;

import dev.gatun.examples.protobuf.Message;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A file of scalars that TensorBoard reads while it is written.
 *
 * <p>It is a sequence of TFRecords, each the length of its data, a checksum of the length, the data and a checksum of the data,
 * little-endian (tensorflow/core/lib/io/record_writer.h). The data are {@code Event} messages of tensorflow/core/util/event.proto.
 */
public final class EventFile implements Closeable {
    private static final String VERSION = "brain.Event:2";

    /** Added to checksums, so that data that hold checksums can be checksummed (tensorflow/core/lib/hash/crc32c.h). */
    private static final int CHECKSUM_MASK = 0xa282ead8;

    // Fields of Event, of its Summary, and of the Summary's Value.
    private static final int EVENT_WALL_TIME = 1;
    private static final int EVENT_STEP = 2;
    private static final int EVENT_FILE_VERSION = 3;
    private static final int EVENT_SUMMARY = 5;
    private static final int SUMMARY_VALUE = 1;
    private static final int VALUE_TAG = 1;
    private static final int VALUE_SIMPLE = 2;

    private final FileChannel file;

    private EventFile(FileChannel file) {
        this.file = file;
    }

    /**
     * Makes a new file in a folder.
     *
     * @param millis the time, in milliseconds since 1970; TensorBoard reads a folder's files in the order of their times
     * @throws IOException if it cannot be made, or the folder has one of that time
     */
    public static EventFile create(Path folder, long millis) throws IOException {
        String name = String.format("events.out.tfevents.%010d.gatun.%03d", millis / 1000, millis % 1000);
        EventFile events = new EventFile(FileChannel.open(folder.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        events.write(new Message().real64(EVENT_WALL_TIME, millis / 1e3).text(EVENT_FILE_VERSION, VERSION));
        return events;
    }

    /**
     * Adds values of a step, by their tags.
     *
     * @param millis the time, in milliseconds since 1970
     */
    public void scalars(long step, long millis, Map<String, Float> values) throws IOException {
        Message summary = new Message();
        values.forEach((tag, value) -> summary.message(SUMMARY_VALUE, new Message().text(VALUE_TAG, tag).real32(VALUE_SIMPLE, value)));
        write(new Message().real64(EVENT_WALL_TIME, millis / 1e3).number(EVENT_STEP, step).message(EVENT_SUMMARY, summary));
    }

    private void write(Message event) throws IOException {
        byte[] data = event.bytes().toByteArray();
        ByteBuffer record = ByteBuffer.allocate(Long.BYTES + Integer.BYTES + data.length + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(data.length);
        record.putInt(checksum(record.array(), Long.BYTES));
        record.put(data).putInt(checksum(data, data.length)).flip();
        while (record.hasRemaining()) {
            file.write(record);
        }
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + CHECKSUM_MASK;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
