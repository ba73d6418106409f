package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.device.Device;
import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Short forms of the runtime's calls, through the generated bindings, for tests. */
final class Cuda {
    static final MemorySegment NULL = MemorySegment.NULL;
    private static final int TO_DEVICE = 1;
    private static final int TO_HOST = 2;
    private static final int THREAD_LOCAL = 1;

    private Cuda() {}

    /** A call that gives a handle or an address through its first argument. */
    interface Create {
        int call(MemorySegment out);
    }

    /** A call that gives a number through its last argument. */
    interface Query {
        int call(MemorySegment out);
    }

    static void ok(int status) {
        assertEquals(0, status, () -> "the call failed: " + Device.current().explainLastFailure());
    }

    /** Holds that a call failed with this status, and that the explanation has these words. */
    static void refused(int expected, int status, String... words) {
        String explanation = Device.current().explainLastFailure();
        assertNotEquals(0, status, "the call succeeded");
        assertEquals(expected, status, explanation);
        for (String word : words) {
            assertTrue(explanation.contains(word), () -> "'" + word + "' is not in: " + explanation);
        }
        Violations.caught();
    }

    /** Holds that a call succeeded, and that what it enqueued failed when it was waited for, in these words. */
    static void refusedLater(int expected, int enqueued, String... words) {
        ok(enqueued);
        refused(expected, Cudart.cudaDeviceSynchronize(), words);
    }

    static MemorySegment make(Create create) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            ok(create.call(out));
            return out.get(ValueLayout.ADDRESS, 0);
        }
    }

    static int getInt(Query query) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
            ok(query.call(out));
            return out.get(ValueLayout.JAVA_INT, 0);
        }
    }

    static long getLong(Query query) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            ok(query.call(out));
            return out.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    static MemorySegment malloc(long bytes) {
        return make(out -> Cudart.cudaMalloc(out, bytes));
    }

    static MemorySegment mallocFloats(long count) {
        return malloc(Float.BYTES * count);
    }

    static MemorySegment upload(float... values) {
        MemorySegment device = mallocFloats(values.length);
        write(device, values);
        return device;
    }

    static void write(MemorySegment device, float... values) {
        try (Arena arena = Arena.ofConfined()) {
            ok(Cudart.cudaMemcpy(device, arena.allocateFrom(ValueLayout.JAVA_FLOAT, values), 4L * values.length, TO_DEVICE));
        }
        // The copy from pageable memory may still be on its way, and only the default stream would wait for it.
        ok(Cudart.cudaStreamSynchronize(NULL));
    }

    static float[] download(MemorySegment device, int count) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(ValueLayout.JAVA_FLOAT, count);
            ok(Cudart.cudaMemcpy(host, device, 4L * count, TO_HOST));
            return host.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    static void free(MemorySegment... pointers) {
        for (MemorySegment pointer : pointers) {
            ok(Cudart.cudaFree(pointer));
        }
    }

    static MemorySegment plus(MemorySegment pointer, long bytes) {
        return MemorySegment.ofAddress(pointer.address() + bytes);
    }

    /** Makes a stream that does not wait for the default stream. */
    static MemorySegment stream() {
        return make(out -> Cudart.cudaStreamCreateWithFlags(out, Cudart.cudaStreamNonBlocking()));
    }

    /** Captures what {@code work} enqueues on a stream and returns the executable graph. */
    static MemorySegment capture(MemorySegment stream, Runnable work) {
        ok(Cudart.cudaStreamBeginCapture(stream, THREAD_LOCAL));
        work.run();
        MemorySegment graph = make(out -> Cudart.cudaStreamEndCapture(stream, out));
        MemorySegment executable = make(out -> Cudart.cudaGraphInstantiateWithFlags(out, graph, 0));
        ok(Cudart.cudaGraphDestroy(graph));
        return executable;
    }
}
