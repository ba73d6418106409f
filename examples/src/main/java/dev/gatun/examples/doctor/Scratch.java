package dev.gatun.examples.doctor;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.SplittableRandom;

/** A check's stream, its random numbers, and what it has on the device, closed in reverse. Not thread-safe. */
final class Scratch implements AutoCloseable {
    /** Random inputs are the same in every run, so that a report can be reproduced. */
    private static final long SEED = 1;

    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final SplittableRandom random = new SplittableRandom(SEED);

    final Stream stream = own(Stream.create());

    <T extends AutoCloseable> T own(T resource) {
        owned.push(resource);
        return resource;
    }

    /** Draws values from U(-limit, limit), each exact as a float. */
    double[] uniform(int count, double limit) {
        return random.doubles(count, -limit, limit).map(value -> (float) value).toArray();
    }

    /** Draws ids in [0, bound). */
    int[] ids(int count, int bound) {
        return random.ints(count, 0, bound).toArray();
    }

    /** Allocates floats that are NaN, so that a value that is never written shows. */
    DeviceBuffer floats(int count) {
        double[] nan = new double[count];
        Arrays.fill(nan, Double.NaN);
        return upload(nan);
    }

    /** Copies values to the device, as floats. */
    DeviceBuffer upload(double... values) {
        DeviceBuffer buffer = own(DeviceBuffer.allocateFloats(values.length));
        write(buffer, values);
        return buffer;
    }

    /** Replaces the values of a buffer, as floats. */
    void write(DeviceBuffer buffer, double... values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(ValueLayout.JAVA_FLOAT, values.length);
            for (int i = 0; i < values.length; i++) {
                host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
            }
            copyFrom(buffer, host);
        }
    }

    /** Copies ids to the device, as int32. */
    DeviceBuffer upload(int... ids) {
        DeviceBuffer buffer = own(DeviceBuffer.allocate((long) Integer.BYTES * ids.length));
        try (Arena arena = Arena.ofConfined()) {
            copyFrom(buffer, arena.allocateFrom(ValueLayout.JAVA_INT, ids));
        }
        return buffer;
    }

    /** Copies host memory to the device, after all enqueued work; on return it may change. */
    void copyFrom(DeviceBuffer buffer, MemorySegment host) {
        buffer.copyFromAsync(host, stream);
        stream.synchronize();
    }

    /** Reads a buffer of floats, once all enqueued work is done. */
    double[] read(DeviceBuffer buffer) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = copyTo(buffer, arena);
            double[] values = new double[(int) (buffer.byteSize() / Float.BYTES)];
            Arrays.setAll(values, i -> host.getAtIndex(ValueLayout.JAVA_FLOAT, i));
            return values;
        }
    }

    /** Reads a buffer of int32, once all enqueued work is done. */
    int[] readInts(DeviceBuffer buffer) {
        try (Arena arena = Arena.ofConfined()) {
            return copyTo(buffer, arena).toArray(ValueLayout.JAVA_INT);
        }
    }

    /** Copies a buffer to host memory, once all enqueued work is done. */
    MemorySegment copyTo(DeviceBuffer buffer, Arena arena) {
        MemorySegment host = arena.allocate(buffer.byteSize(), Long.BYTES);
        buffer.copyToAsync(host, stream);
        stream.synchronize();
        return host;
    }

    @Override
    public void close() {
        stream.synchronize();
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
