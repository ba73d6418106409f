package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What streams, events and the default stream order, in the lazy mode of these tests, where nothing is done unless it must be. */
class StreamTest {
    private static final int NOT_READY = 600;
    private static final int TO_DEVICE = 1;
    private static final int TO_HOST = 2;
    private static final int ON_DEVICE = 3;

    private final MemorySegment a = Cuda.stream();
    private final MemorySegment b = Cuda.stream();
    private final MemorySegment blocking = Cuda.make(Cudart::cudaStreamCreate);
    private final MemorySegment event = Cuda.make(Cudart::cudaEventCreate);
    private final MemorySegment pinned = Cuda.make(out -> Cudart.cudaMallocHost(out, 8)).reinterpret(8);
    private final MemorySegment x = Cuda.upload(1, 2);
    private final MemorySegment y = Cuda.upload(3, 4);
    private final ScaleKernel kernel = new ScaleKernel();

    @AfterEach
    void close() {
        kernel.close();
        for (MemorySegment stream : new MemorySegment[] {a, b, blocking}) {
            Cuda.ok(Cudart.cudaStreamDestroy(stream));
        }
        Cuda.ok(Cudart.cudaEventDestroy(event));
        Cuda.ok(Cudart.cudaFreeHost(pinned));
        Cuda.free(x, y);
    }

    private void toHost(MemorySegment from, MemorySegment stream) {
        Cuda.ok(Cudart.cudaMemcpyAsync(pinned, from, 8, TO_HOST, stream));
    }

    private void hostHolds(float... expected) {
        assertArrayEquals(expected, pinned.toArray(ValueLayout.JAVA_FLOAT));
    }

    @Test
    void aStreamKeepsItsOrder() {
        Cuda.ok(kernel.scale(a, x, 10, 2));
        Cuda.ok(Cudart.cudaMemsetAsync(x, 0, 4, a));
        toHost(x, a);
        Cuda.ok(kernel.scale(a, x, 10, 2));
        Cuda.ok(Cudart.cudaStreamSynchronize(a));
        hostHolds(0, 20);
        assertArrayEquals(new float[] {0, 200}, Cuda.download(x, 2));
    }

    /** Only the second stream is waited for, so that the first one's work is done for the event's sake alone. */
    @Test
    void anEventOrdersTwoStreams() {
        Cuda.ok(kernel.scale(a, x, 10, 2));
        Cuda.ok(Cudart.cudaEventRecord(event, a));
        Cuda.ok(kernel.scale(a, x, 10, 2));
        Cuda.ok(Cudart.cudaStreamWaitEvent(b, event, 0));
        toHost(x, b);
        Cuda.ok(Cudart.cudaStreamSynchronize(b));
        hostHolds(10, 20);
    }

    @Test
    void aWaitIsForTheRecordBeforeIt() {
        Cuda.ok(Cudart.cudaStreamWaitEvent(b, event, 0));
        Cuda.ok(Cudart.cudaEventRecord(event, a));
        Cuda.ok(kernel.scale(a, x, 10, 2));
        Cuda.ok(Cudart.cudaStreamWaitEvent(b, event, 0));
        Cuda.ok(Cudart.cudaEventRecord(event, a));
        toHost(x, b);
        Cuda.ok(Cudart.cudaStreamSynchronize(b));
        hostHolds(1, 2);
        Cuda.ok(Cudart.cudaEventSynchronize(event));
        assertArrayEquals(new float[] {10, 20}, Cuda.download(x, 2));
    }

    @Test
    void theDefaultStreamWaitsForBlockingStreamsAndTheyForIt() {
        Cuda.ok(kernel.scale(blocking, x, 10, 2));
        Cuda.ok(kernel.scale(Cuda.NULL, x, 2, 2));
        toHost(x, blocking);
        Cuda.ok(Cudart.cudaStreamSynchronize(blocking));
        hostHolds(20, 40);
    }

    @Test
    void theDefaultStreamDoesNotWaitForNonBlockingStreams() {
        Cuda.ok(kernel.scale(a, x, 10, 2));
        assertArrayEquals(new float[] {1, 2}, Cuda.download(x, 2));
        Cuda.ok(Cudart.cudaStreamSynchronize(a));
        assertArrayEquals(new float[] {10, 20}, Cuda.download(x, 2));
    }

    /** "API synchronization behavior": fills and copies on the device return before they are done, copies to the host do not. */
    @Test
    void theSynchronousFormsWaitWhereTheyAreDocumentedTo() {
        Cuda.ok(Cudart.cudaMemset(x, 0, 8));
        Cuda.ok(Cudart.cudaMemcpy(y, x, 8, ON_DEVICE));
        toHost(y, a);
        Cuda.ok(Cudart.cudaStreamSynchronize(a));
        hostHolds(3, 4);
        Cuda.ok(Cudart.cudaMemcpy(pinned, y, 8, TO_HOST));
        hostHolds(0, 0);
        pinned.setAtIndex(ValueLayout.JAVA_FLOAT, 1, 7);
        Cuda.ok(Cudart.cudaMemcpy(x, pinned, 8, TO_DEVICE));
        toHost(x, a);
        Cuda.ok(Cudart.cudaStreamSynchronize(a));
        hostHolds(0, 7);
    }

    /** From pageable memory a copy may return before the device has it, but not before it has read the memory. */
    @Test
    void pageableMemoryIsReadAndWrittenDuringTheCall() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 5, 6);
            Cuda.ok(Cudart.cudaMemcpyAsync(x, host, 8, TO_DEVICE, a));
            host.fill((byte) 0);
            Cuda.ok(Cudart.cudaMemcpyAsync(host, x, 8, TO_HOST, a));
            assertArrayEquals(new float[] {5, 6}, host.toArray(ValueLayout.JAVA_FLOAT));
            host.fill((byte) 0);
            Cuda.ok(Cudart.cudaMemcpy(x, host, 8, TO_DEVICE));
            toHost(x, a);
            Cuda.ok(Cudart.cudaStreamSynchronize(a));
            hostHolds(5, 6);
            Cuda.ok(Cudart.cudaStreamSynchronize(Cuda.NULL));
            assertArrayEquals(new float[2], Cuda.download(x, 2));
        }
    }

    /** In order on one stream, a buffer of pinned memory may be a target and then a source, and a target again. */
    @Test
    void pinnedMemoryMayPassFromCopyToCopy() {
        toHost(x, a);
        Cuda.ok(Cudart.cudaMemcpyAsync(y, pinned, 8, TO_DEVICE, a));
        Cuda.ok(kernel.scale(a, y, 10, 2));
        toHost(y, a);
        Cuda.ok(Cudart.cudaStreamSynchronize(a));
        hostHolds(10, 20);
    }

    @Test
    void whoAsksAgainAndAgainSeesTheWorkDone() {
        assertEquals(0, Cudart.cudaStreamQuery(a));
        assertEquals(0, Cudart.cudaEventQuery(event), "never recorded");
        toHost(x, a);
        assertEquals(NOT_READY, Cudart.cudaStreamQuery(a));
        assertEquals(0, Cudart.cudaStreamQuery(a));
        hostHolds(1, 2);
        toHost(y, a);
        Cuda.ok(Cudart.cudaEventRecord(event, a));
        assertEquals(NOT_READY, Cudart.cudaEventQuery(event));
        assertEquals(0, Cudart.cudaEventQuery(event));
        hostHolds(3, 4);
    }

    @Test
    void freeingMemoryAndDestroyingAStreamWaitForTheWork() {
        MemorySegment block = Cuda.malloc(8);
        Cuda.ok(Cudart.cudaMemcpyAsync(block, x, 8, ON_DEVICE, a));
        toHost(block, a);
        Cuda.free(block);
        hostHolds(1, 2);
        MemorySegment stream = Cuda.stream();
        toHost(y, stream);
        Cuda.ok(Cudart.cudaStreamDestroy(stream));
        hostHolds(3, 4);
    }

    /** Far more calls than a queue takes. */
    @Test
    void aLongQueueIsDoneOnTheWay() {
        for (int i = 0; i < 5_000; i++) {
            Cuda.ok(Cudart.cudaMemcpyAsync(i % 2 == 0 ? y : x, i % 2 == 0 ? x : y, 8, ON_DEVICE, i % 3 == 0 ? Cuda.NULL : blocking));
        }
        assertArrayEquals(new float[] {1, 2}, Cuda.download(y, 2));
    }

    @Test
    void threadsHaveStreamsOfTheirOwn() {
        List<CompletableFuture<float[]>> threads = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            int factor = thread + 1;
            threads.add(CompletableFuture.supplyAsync(() -> {
                Cuda.ok(Cudart.cudaSetDevice(0));
                MemorySegment stream = Cuda.stream();
                MemorySegment block = Cuda.malloc(8);
                Cuda.ok(Cudart.cudaMemcpyAsync(block, x, 8, ON_DEVICE, stream));
                for (int i = 0; i < 100; i++) {
                    Cuda.ok(Cudart.cudaMemcpyAsync(block, x, 8, ON_DEVICE, stream));
                    try (ScaleKernel own = new ScaleKernel()) {
                        Cuda.ok(own.scale(stream, block, factor, 2));
                    }
                    Cuda.ok(Cudart.cudaStreamSynchronize(stream));
                }
                float[] result = Cuda.download(block, 2);
                Cuda.free(block);
                Cuda.ok(Cudart.cudaStreamDestroy(stream));
                return result;
            }));
        }
        for (int thread = 0; thread < 4; thread++) {
            assertArrayEquals(new float[] {thread + 1, 2 * (thread + 1)}, threads.get(thread).join());
        }
    }

    /** Prints what a training step and a replay of it compute. */
    static final class Steps {
        public static void main(String[] arguments) {
            MemorySegment stream = Cuda.stream();
            try (LstmNetwork net = new LstmNetwork(4, 5, 6, 2, new int[] {4, 2, 3}, 0.25f)) {
                Cuda.ok(dev.gatun.generated.cudnn.Cudnn.cudnnSetStream(net.handle, stream));
                for (int i = 0; i < 3; i++) {
                    step(net);
                }
                MemorySegment graph = Cuda.capture(stream, () -> step(net));
                for (int i = 0; i < 3; i++) {
                    Cuda.ok(Cudart.cudaGraphLaunch(graph, stream));
                }
                Cuda.ok(Cudart.cudaStreamSynchronize(stream));
                System.out.println(Arrays.toString(Cuda.download(net.y, 4 * 3 * 6)));
                System.out.println(Arrays.toString(Cuda.download(net.dweights, (int) (net.weightBytes / Float.BYTES))));
                Cuda.ok(Cudart.cudaGraphExecDestroy(graph));
            }
            Cuda.ok(Cudart.cudaStreamDestroy(stream));
        }

        private static void step(LstmNetwork net) {
            Cuda.ok(net.train());
            Cuda.ok(net.backwardData());
            Cuda.ok(net.backwardWeights());
        }
    }

    @Test
    void allModesOfQueuesComputeTheSame() throws Exception {
        String inline = ChildJvm.onClassPath(Steps.class, "-Dgatun.device=host").output();
        assertEquals(2, inline.lines().count(), inline);
        assertTrue(!inline.contains("NaN"), inline);
        assertEquals(inline, ChildJvm.onClassPath(Steps.class, "-Dgatun.device=host", "-Dgatun.streams=async").output());
        assertEquals(inline, ChildJvm.onClassPath(Steps.class, "-Dgatun.device=host", "-Dgatun.streams=lazy").output());
        assertEquals(inline, ChildJvm.onClassPath(Steps.class, "-Dgatun.device=host", "-Dgatun.check=full").output());
        assertEquals(inline, ChildJvm.onClassPath(Steps.class, "-Dgatun.device=host", "-Dgatun.check=full",
                "-Dgatun.streams=inline").output());
    }

    @Test
    void anUnknownModeIsRefusedByName() throws Exception {
        String output = ChildJvm.onClassPath(Steps.class, "-Dgatun.device=host", "-Dgatun.streams=eager").output();
        assertTrue(output.contains("-Dgatun.streams=eager: expected inline, async or lazy"), output);
    }
}
