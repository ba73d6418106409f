package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.cublas.Blas;
import dev.gatun.cublas.CublasException;
import dev.gatun.cuda.CudaException;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.DeviceInfo;
import dev.gatun.cuda.Event;
import dev.gatun.cuda.Graph;
import dev.gatun.cuda.KernelModule;
import dev.gatun.cuda.PinnedBuffer;
import dev.gatun.cuda.Stream;
import dev.gatun.cudnn.CudnnException;
import dev.gatun.cudnn.Dnn;
import dev.gatun.cudnn.DropoutDescriptor;
import dev.gatun.cudnn.Rnn;
import dev.gatun.cudnn.RnnDataDescriptor;
import dev.gatun.cudnn.RnnDescriptor;
import dev.gatun.cudnn.TensorDescriptor;
import dev.gatun.device.Device;
import dev.gatun.device.DeviceException;
import dev.gatun.generated.cublas.Cublas;
import dev.gatun.lm.kernels.LmPtx;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The owned classes of bindings, on the software device in checked mode. */
class OwnedLayerTest {
    private static MemorySegment floats(Arena arena, float... values) {
        return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
    }

    private static DeviceBuffer device(Arena arena, float... values) {
        DeviceBuffer buffer = DeviceBuffer.allocateFloats(values.length);
        buffer.copyFrom(floats(arena, values));
        return buffer;
    }

    private static float[] read(DeviceBuffer buffer, Arena arena) {
        MemorySegment host = arena.allocate(buffer.byteSize());
        buffer.copyTo(host);
        return host.toArray(ValueLayout.JAVA_FLOAT);
    }

    @Test
    void aProductOfColumnMajorMatricesIsCublas() {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Blas blas = Blas.create(stream);
                DeviceBuffer a = device(arena, 1, 4, 2, 5, 3, 6); DeviceBuffer b = device(arena, 7, 9, 11, 8, 10, 12);
                DeviceBuffer c = DeviceBuffer.allocateFloats(4)) {
            blas.sgemm(false, false, 2, 2, 3, 1, a, 2, b, 3, 0, c, 2);
            stream.synchronize();
            assertArrayEquals(new float[] {58, 139, 64, 154}, read(c, arena));
            // The same matrices, each given as its transpose.
            try (DeviceBuffer at = device(arena, 1, 2, 3, 4, 5, 6); DeviceBuffer bt = device(arena, 7, 8, 9, 10, 11, 12)) {
                blas.sgemm(true, true, 2, 2, 3, 2, at, 3, bt, 2, -1, c, 2);
                stream.synchronize();
                assertArrayEquals(new float[] {58, 139, 64, 154}, read(c, arena));
            }
            assertTrue(blas.version() >= 120000);
        }
    }

    @Test
    void aProductThatDoesNotFitItsBuffersIsRefusedBeforeTheCall() {
        try (Stream stream = Stream.create(); Blas blas = Blas.create(stream); DeviceBuffer a = DeviceBuffer.allocateFloats(6);
                DeviceBuffer c = DeviceBuffer.allocateFloats(4)) {
            String message = assertThrows(IndexOutOfBoundsException.class,
                    () -> blas.sgemm(false, false, 2, 2, 4, 1, a, 2, a, 4, 0, c, 2)).getMessage();
            assertTrue(message.contains("A is 2 x 4"), message);
            CublasException refused = assertThrows(CublasException.class, () -> blas.sgemm(false, false, 2, 2, 3, 1, a, 1, a, 3, 0, c, 2));
            assertEquals("cublasSgemm_v2", refused.function());
            assertEquals("CUBLAS_STATUS_INVALID_VALUE", refused.statusName());
            assertTrue(refused.getMessage().contains("lda=1"), refused.getMessage());
        }
    }

    @Test
    void aFunctionThatTheOwnedLayerLacksIsCalledThroughTheGeneratedOne() {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Blas blas = Blas.create(stream);
                DeviceBuffer x = device(arena, 1, 2, 3)) {
            MemorySegment factor = floats(arena, 10);
            CublasException.check(Cublas.cublasSscal_v2(blas.handle(), 3, factor, x.pointer(), 1), "cublasSscal_v2");
            stream.synchronize();
            assertArrayEquals(new float[] {10, 20, 30}, read(x, arena));
        }
    }

    @Test
    void aSliceIsBoundsCheckedAndDiesWithItsBuffer() {
        DeviceBuffer buffer = DeviceBuffer.allocateFloats(8);
        DeviceBuffer slice = buffer.sliceFloats(2, 3);
        assertEquals(buffer.address() + 8, slice.address());
        assertThrows(IndexOutOfBoundsException.class, () -> slice.sliceFloats(1, 3));
        assertThrows(IndexOutOfBoundsException.class, () -> buffer.slice(-4, 4));
        slice.close();
        slice.pointer();
        buffer.close();
        buffer.close();
        assertThrows(IllegalStateException.class, slice::pointer);
        assertThrows(IllegalArgumentException.class, () -> DeviceBuffer.allocate(0));
        assertThrows(CudaException.class, () -> DeviceBuffer.allocate(1L << 60));
    }

    @Test
    void copiesTakeOffHeapMemoryThatFits() {
        try (Arena arena = Arena.ofConfined(); DeviceBuffer buffer = DeviceBuffer.allocateFloats(2)) {
            assertThrows(IllegalArgumentException.class, () -> buffer.copyFrom(MemorySegment.ofArray(new float[2])));
            assertThrows(IndexOutOfBoundsException.class, () -> buffer.copyFrom(arena.allocate(12)));
            assertThrows(IndexOutOfBoundsException.class, () -> buffer.copyTo(arena.allocate(12)));
        }
    }

    @Test
    void aStreamOutlivesTheHandlesMadeOnIt() {
        Stream stream = Stream.create();
        Blas blas = Blas.create(stream);
        stream.close();
        assertThrows(IllegalStateException.class, stream::synchronize);
        assertThrows(IllegalStateException.class, () -> Dnn.create(stream));
        blas.close();
        blas.close();
        assertThrows(IllegalStateException.class, blas::handle);
    }

    @Test
    void aCapturedGraphReplaysCopiesFillsAndKernels() {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); KernelModule module = KernelModule.load(LmPtx.text());
                PinnedBuffer pinned = PinnedBuffer.allocate(12); DeviceBuffer values = DeviceBuffer.allocateFloats(3);
                DeviceBuffer mean = DeviceBuffer.allocateFloats(1); Event before = Event.createTiming();
                Event after = Event.createTiming()) {
            var call = module.kernel("mean").call(1, 256, mean, values, 3);
            MemorySegment.copy(floats(arena, 1, 2, 6), 0, pinned.segment(), 0, 12);
            values.copyFromAsync(pinned.segment(), stream);
            call.launch(stream);
            stream.synchronize();
            assertArrayEquals(new float[] {3}, read(mean, arena));
            try (Graph graph = stream.capture(() -> {
                values.copyFromAsync(pinned.segment(), stream);
                call.launch(stream);
            })) {
                MemorySegment.copy(floats(arena, 2, 4, 9), 0, pinned.segment(), 0, 12);
                before.record(stream);
                graph.launch(stream);
                after.record(stream);
                after.synchronize();
                assertTrue(after.isDone());
                assertTrue(after.millisecondsSince(before) >= 0);
                assertArrayEquals(new float[] {5}, read(mean, arena));
            }
        }
    }

    @Test
    void aStreamWaitsForTheEventOfAnother() {
        try (Arena arena = Arena.ofConfined(); Stream first = Stream.create(); Stream second = Stream.create();
                Event copied = Event.create(); PinnedBuffer pinned = PinnedBuffer.allocate(8);
                DeviceBuffer from = DeviceBuffer.allocateFloats(2); DeviceBuffer to = DeviceBuffer.allocateFloats(2)) {
            MemorySegment.copy(floats(arena, 3, 7), 0, pinned.segment(), 0, 8);
            from.copyFromAsync(pinned.segment(), first);
            copied.record(first);
            second.waitFor(copied);
            to.copyFromAsync(from, second);
            second.synchronize();
            assertArrayEquals(new float[] {3, 7}, read(to, arena));
            copied.close();
            assertThrows(IllegalStateException.class, () -> second.waitFor(copied));
        }
    }

    @Test
    void aCaptureThatFailsLeavesTheStreamUsable() {
        try (Stream stream = Stream.create(); DeviceBuffer buffer = DeviceBuffer.allocate(16)) {
            assertThrows(IllegalStateException.class, () -> stream.capture(() -> {
                throw new IllegalStateException("on purpose");
            }));
            assertThrows(CudaException.class, () -> stream.capture(stream::synchronize));
            buffer.zeroAsync(stream);
            stream.synchronize();
        }
    }

    @Test
    void kernelArgumentsAreChecked() {
        try (KernelModule module = KernelModule.load(LmPtx.text()); DeviceBuffer buffer = DeviceBuffer.allocate(16)) {
            assertTrue(assertThrows(CudaException.class, () -> module.kernel("no_such_kernel")).getMessage().contains("no_such_kernel"));
            assertThrows(IllegalArgumentException.class, () -> module.kernel("mean").call(1, 256, buffer, buffer, "3"));
            assertThrows(IllegalArgumentException.class, () -> module.kernel("mean").call(0, 256));
            var call = module.kernel("mean").call(1, 256, buffer, buffer, 3);
            call.set(2, 4);
            assertThrows(IllegalArgumentException.class, () -> call.set(2, 4f));
        }
        assertTrue(assertThrows(CudaException.class, () -> KernelModule.load("no PTX")).getMessage().contains("cuModuleLoadData"));
    }

    @Test
    void anLstmsGatesLieInsideItsWeightSpaceWithoutOverlap() {
        try (Stream stream = Stream.create(); Dnn dnn = Dnn.create(stream); DropoutDescriptor dropout = DropoutDescriptor.none(dnn);
                RnnDescriptor rnn = RnnDescriptor.lstm(dnn, 5, 7, 2, dropout);
                DeviceBuffer weights = DeviceBuffer.allocate(rnn.weightSpaceBytes())) {
            long floats = 0;
            for (int layer = 0; layer < 2; layer++) {
                for (int id = 0; id < 8; id++) {
                    RnnDescriptor.GateWeights gate = rnn.weights(weights, layer, id);
                    assertEquals(7, gate.rows());
                    assertEquals(id >= 4 || layer == 1 ? 7 : 5, gate.columns());
                    weights.slice(gate.matrixOffset(), 4L * gate.rows() * gate.columns());
                    weights.slice(gate.biasOffset(), 4L * gate.rows());
                    floats += (long) gate.rows() * gate.columns() + gate.rows();
                }
            }
            assertTrue(4 * floats <= rnn.weightSpaceBytes());
            assertThrows(CudnnException.class, () -> rnn.weights(weights, 2, 0));
        }
    }

    @Test
    void aProjectionsMatrixHasNoBiasAndAGruThreeGates() {
        try (Stream stream = Stream.create(); Dnn dnn = Dnn.create(stream); DropoutDescriptor dropout = DropoutDescriptor.none(dnn);
                RnnDescriptor projected = RnnDescriptor.projectedLstm(dnn, 5, 7, 3, 2, dropout);
                RnnDescriptor gru = RnnDescriptor.gru(dnn, 5, 7, 1, dropout);
                DeviceBuffer weights = DeviceBuffer.allocate(projected.weightSpaceBytes());
                DeviceBuffer gruWeights = DeviceBuffer.allocate(gru.weightSpaceBytes())) {
            RnnDescriptor.GateWeights projection = projected.weights(weights, 1, 8);
            assertEquals(3, projection.rows());
            assertEquals(7, projection.columns());
            assertEquals(-1, projection.biasOffset());
            assertEquals(3, projected.weights(weights, 1, 0).columns());
            assertEquals(3, projected.outputSize());
            assertEquals(3, gru.gates());
            assertEquals(5, gru.weights(gruWeights, 0, 2).columns());
            assertEquals(7, gru.weights(gruWeights, 0, 3).columns());
            String none = assertThrows(IllegalArgumentException.class, () -> gru.weights(gruWeights, 0, 6)).getMessage();
            assertEquals("the network has no weights of id 6: it has 3 gates and no projection", none);
            assertThrows(CudnnException.class, () -> gru.weights(gruWeights, 0, 7));
        }
    }

    @Test
    void aGruTakesNoCellState() {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Dnn dnn = Dnn.create(stream);
                DropoutDescriptor dropout = DropoutDescriptor.none(dnn); RnnDescriptor gru = RnnDescriptor.gru(dnn, 3, 4, 1, dropout);
                Rnn rnn = Rnn.create(dnn, gru, 5, 2, true); DeviceBuffer weights = DeviceBuffer.allocate(gru.weightSpaceBytes());
                DeviceBuffer x = DeviceBuffer.allocateFloats(5 * 2 * 3); DeviceBuffer y = DeviceBuffer.allocateFloats(5 * 2 * 4);
                DeviceBuffer state = device(arena, 8, 8, 8, 8, 8, 8, 8, 8)) {
            weights.zeroAsync(stream);
            x.zeroAsync(stream);
            String refused = assertThrows(IllegalArgumentException.class,
                    () -> rnn.forward(x, y, state, state, null, null, weights)).getMessage();
            assertEquals("cx must be null: a GRU has no cell state", refused);
            rnn.forward(x, y, state, null, null, null, weights);
            rnn.backwardData(y, y, x, state, null, null, null, null, null, weights);
            rnn.backwardWeights(x, state, y, weights);
            stream.synchronize();
            // With all weights zero z is 1/2 and n is 0, so every step halves the state.
            assertArrayEquals(new float[] {4, 4, 4, 4, 4, 4, 4, 4, 2}, Arrays.copyOf(read(y, arena), 9));
        }
    }

    @Test
    void theCallsOfAnRnnComeInOrder() {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Dnn dnn = Dnn.create(stream);
                DropoutDescriptor dropout = DropoutDescriptor.none(dnn);
                RnnDescriptor descriptor = RnnDescriptor.lstm(dnn, 3, 4, 1, dropout);
                Rnn rnn = Rnn.create(dnn, descriptor, 5, new int[] {5, 2}, true);
                DeviceBuffer weights = DeviceBuffer.allocate(descriptor.weightSpaceBytes());
                DeviceBuffer x = DeviceBuffer.allocateFloats(5 * 2 * 3); DeviceBuffer y = DeviceBuffer.allocateFloats(5 * 2 * 4)) {
            weights.zeroAsync(stream);
            x.zeroAsync(stream);
            assertThrows(IllegalStateException.class, () -> rnn.backwardData(y, y, x, null, null, null, null, null, null, weights));
            rnn.forward(x, y, null, null, null, null, weights);
            assertThrows(IllegalStateException.class, () -> rnn.backwardWeights(x, null, y, weights));
            assertThrows(IndexOutOfBoundsException.class, () -> rnn.backwardData(y, x, x, null, null, null, null, null, null, weights));
            rnn.backwardData(y, y, x, null, null, null, null, null, null, weights);
            rnn.backwardWeights(x, null, y, weights);
            stream.synchronize();
            // With all weights zero the cell input is tanh(0), so every state is 0 and so is every gradient.
            assertArrayEquals(new float[40], read(y, arena));
        }
    }

    @Test
    void descriptorsRefuseWhatCudnnRefuses() {
        assertThrows(IllegalArgumentException.class, () -> RnnDataDescriptor.sequenceMajor(3, 2, 4, new int[] {3, 0}));
        CudnnException refused = assertThrows(CudnnException.class, () -> RnnDataDescriptor.sequenceMajor(3, 2, 0));
        assertEquals("CUDNN_STATUS_BAD_PARAM", refused.statusName());
        assertThrows(CudnnException.class, () -> TensorDescriptor.packed(1, 0, 2));
        try (Stream stream = Stream.create(); Dnn dnn = Dnn.create(stream)) {
            assertThrows(IllegalArgumentException.class, () -> DropoutDescriptor.create(dnn, 1, 0));
            try (DropoutDescriptor dropout = DropoutDescriptor.create(dnn, 0.5f, 1)) {
                assertThrows(CudnnException.class, () -> RnnDescriptor.lstm(dnn, 3, 0, 1, dropout));
            }
        }
    }

    @Test
    void theDeviceIsChosenOnceAndSaysWhatItIs() {
        assertEquals(Device.Choice.HOST, Device.current().kind());
        assertThrows(DeviceException.class, () -> Device.choose(Device.Choice.CUDA));
        assertThrows(DeviceException.class, () -> Device.Choice.parse("gpu"));
        DeviceInfo info = DeviceInfo.read();
        assertTrue(info.totalMemoryBytes() > 0 && info.multiprocessors() > 0 && info.computeMajor() >= 7);
        assertFalse(info.name().isBlank());
    }
}
