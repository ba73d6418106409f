package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.cublas.Blas;
import dev.gatun.cublas.ComputeType;
import dev.gatun.cublas.CublasException;
import dev.gatun.cuda.DataType;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Graph;
import dev.gatun.cuda.Stream;
import dev.gatun.cudnn.CudnnException;
import dev.gatun.cudnn.Dnn;
import dev.gatun.cudnn.DropoutDescriptor;
import dev.gatun.cudnn.MathType;
import dev.gatun.cudnn.Rnn;
import dev.gatun.cudnn.RnnDataDescriptor;
import dev.gatun.cudnn.RnnDescriptor;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Data types, compute types and math types on their way through bindings to the software device, in checked mode. */
class PrecisionCallsTest {
    private static short bits(DataType type, float value) {
        return type == DataType.HALF ? Float.floatToFloat16(value) : (short) (Float.floatToRawIntBits(value) >>> 16);
    }

    private static float value(DataType type, short bits) {
        return type == DataType.HALF ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
    }

    /** Uploads numbers that the type holds exactly. */
    private static DeviceBuffer upload(Arena arena, DataType type, float... values) {
        MemorySegment host = arena.allocate((long) type.byteSize() * values.length, Float.BYTES);
        for (int i = 0; i < values.length; i++) {
            if (type == DataType.FLOAT) {
                host.setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
            } else {
                host.setAtIndex(ValueLayout.JAVA_SHORT, i, bits(type, values[i]));
            }
        }
        DeviceBuffer buffer = DeviceBuffer.allocate(host.byteSize());
        buffer.copyFrom(host);
        return buffer;
    }

    private static float[] read(Arena arena, DataType type, DeviceBuffer buffer) {
        MemorySegment host = arena.allocate(buffer.byteSize(), Float.BYTES);
        buffer.copyTo(host);
        float[] values = new float[(int) (buffer.byteSize() / type.byteSize())];
        for (int i = 0; i < values.length; i++) {
            values[i] = type == DataType.FLOAT ? host.getAtIndex(ValueLayout.JAVA_FLOAT, i)
                    : value(type, host.getAtIndex(ValueLayout.JAVA_SHORT, i));
        }
        return values;
    }

    /** With C = A·B - C, of small integers but for one sum, 2049 + 2, that neither 16-bit type holds: it is rounded once, at the end. */
    @ParameterizedTest
    @CsvSource({"FLOAT, FLOAT, 2051", "HALF, FLOAT, 2051", "HALF, HALF, 2052", "BFLOAT16, FLOAT, 2051", "BFLOAT16, BFLOAT16, 2048"})
    void aProductHasTheTypesAskedFor(DataType inputs, DataType output, float rounded) {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Blas blas = Blas.create(stream);
                DeviceBuffer a = upload(arena, inputs, 1, 64, 2, 32, 3, 1); DeviceBuffer b = upload(arena, inputs, 16, 32, 1, 8, 10, 12);
                DeviceBuffer c = upload(arena, output, 1, -2, 3, 4, 4, 5)) {
            // op(A) = [1 2 3; 64 32 1], op(B) = [16 8; 32 10; 1 12]; C has a gap of one between its columns.
            blas.gemmEx(inputs, output, ComputeType.F32, false, false, 2, 2, 3, 1, a, 2, b, 3, -1, c, 3);
            stream.synchronize();
            assertArrayEquals(new float[] {82, rounded, 3, 60, 840, 5}, read(arena, output, c));
        }
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    void alphaAndBetaMayBeReadFromTheDeviceAtEachLaunch(DataType type) {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Blas blas = Blas.create(stream);
                DeviceBuffer scalars = upload(arena, DataType.FLOAT, 2, 0); DeviceBuffer a = upload(arena, type, 3);
                DeviceBuffer c = upload(arena, type, 5)) {
            DeviceBuffer alpha = scalars.sliceFloats(0, 1);
            DeviceBuffer beta = scalars.sliceFloats(1, 1);
            try (Graph graph = stream.capture(() ->
                    blas.gemmEx(type, type, ComputeType.F32, false, false, 1, 1, 1, alpha, a, 1, a, 1, beta, c, 1))) {
                graph.launch(stream);
                stream.synchronize();
                assertArrayEquals(new float[] {18}, read(arena, type, c));
                scalars.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 1));
                graph.launch(stream);
                stream.synchronize();
                assertArrayEquals(new float[] {27}, read(arena, type, c));
            }
            // The handle reads scalars from the host again.
            blas.gemmEx(type, type, ComputeType.F32, false, false, 1, 1, 1, 1, a, 1, a, 1, 0, c, 1);
            stream.synchronize();
            assertArrayEquals(new float[] {9}, read(arena, type, c));
        }
    }

    /** TF32 is a way to multiply float32, which the device says of a call that asks for it with other types. */
    @Test
    void theComputeTypeReachesTheDevice() {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Blas blas = Blas.create(stream);
                DeviceBuffer a = upload(arena, DataType.FLOAT, 3); DeviceBuffer c = upload(arena, DataType.FLOAT, 5)) {
            for (ComputeType compute : ComputeType.values()) {
                blas.gemmEx(DataType.FLOAT, DataType.FLOAT, compute, false, false, 1, 1, 1, 1, a, 1, a, 1, 0, c, 1);
                stream.synchronize();
                assertArrayEquals(new float[] {9}, read(arena, DataType.FLOAT, c));
            }
            blas.gemmEx(DataType.HALF, DataType.FLOAT, ComputeType.F32_PEDANTIC, false, false, 1, 1, 1, 1, a, 1, a, 1, 0, c, 1);
            CublasException refused = assertThrows(CublasException.class, () -> blas.gemmEx(DataType.HALF, DataType.FLOAT,
                    ComputeType.F32_FAST_TF32, false, false, 1, 1, 1, 1, a, 1, a, 1, 0, c, 1));
            assertEquals("CUBLAS_STATUS_NOT_SUPPORTED", refused.statusName());
            assertTrue(refused.getMessage().contains("inputs=HALF, output=FLOAT, compute=F32_FAST_TF32"), refused.getMessage());
        }
    }

    @Test
    void aBufferTooShortForItsTypeIsRefusedBeforeTheCall() {
        try (Stream stream = Stream.create(); Blas blas = Blas.create(stream); DeviceBuffer a = DeviceBuffer.allocate(8)) {
            blas.gemmEx(DataType.HALF, DataType.HALF, ComputeType.F32, false, false, 2, 2, 2, 1, a, 2, a, 2, 0, a, 2);
            stream.synchronize();
            String message = assertThrows(IndexOutOfBoundsException.class, () -> blas.gemmEx(DataType.HALF, DataType.FLOAT, ComputeType.F32,
                    false, false, 2, 2, 2, 1, a, 2, a, 2, 0, a, 2)).getMessage();
            assertTrue(message.startsWith("cublasGemmEx: C is 2 x 2"), message);
        }
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, FMA, 0, 3", "FLOAT, DEFAULT, 0, 0", "HALF, TENSOR_OP, 2, 1", "BFLOAT16, TENSOR_OP, 9, 1"})
    void theDescriptorHoldsTypeAndMathType(DataType type, MathType math, int dataType, int mathType) {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Dnn dnn = Dnn.create(stream);
                DropoutDescriptor dropout = DropoutDescriptor.none(dnn);
                RnnDescriptor rnn = RnnDescriptor.lstm(dnn, 5, 7, 2, dropout, type, math)) {
            MemorySegment none = MemorySegment.NULL;
            MemorySegment found = arena.allocate(ValueLayout.JAVA_INT, 3);
            CudnnException.check(Cudnn.cudnnGetRNNDescriptor_v8(rnn.handle(), none, none, none, none, none, found, found.asSlice(4),
                    found.asSlice(8), none, none, none, none, none, none), "cudnnGetRNNDescriptor_v8");
            assertArrayEquals(new int[] {dataType, Cudnn.CUDNN_DATA_FLOAT(), mathType}, found.toArray(ValueLayout.JAVA_INT));
            // Two layers of 4 gates, of two matrices and two biases each.
            assertEquals(type.byteSize() * 4L * 7 * (5 + 7 + 2 + 7 + 7 + 2), rnn.weightSpaceBytes());
        }
    }

    @Test
    void sixteenBitTensorsTakeHalfTheBytesAndMixWithNoOthers() {
        try (Stream stream = Stream.create(); Dnn dnn = Dnn.create(stream); DropoutDescriptor dropout = DropoutDescriptor.none(dnn);
                RnnDescriptor half = RnnDescriptor.lstm(dnn, 3, 4, 1, dropout, DataType.HALF, MathType.TENSOR_OP);
                Rnn rnn = Rnn.create(dnn, half, 2, 5, false); DeviceBuffer x = DeviceBuffer.allocate(2 * 2 * 5 * 3);
                DeviceBuffer y = DeviceBuffer.allocate(2 * 2 * 5 * 4); DeviceBuffer state = DeviceBuffer.allocate(2 * 5 * 4);
                DeviceBuffer weights = DeviceBuffer.allocate(half.weightSpaceBytes())) {
            weights.zeroAsync(stream);
            rnn.forward(x, y, null, null, state, state, weights);
            stream.synchronize();
            assertThrows(IndexOutOfBoundsException.class, () -> rnn.forward(x, y, null, null, state.slice(0, 38), null, weights));
            try (RnnDataDescriptor bfloat16 = RnnDataDescriptor.sequenceMajor(DataType.BFLOAT16, 2, 5, 3)) {
                String message = assertThrows(CudnnException.class, () -> half.tempSpace(true, bfloat16)).getMessage();
                assertTrue(message.contains("xDesc has dataType 9; expected 2"), message);
            }
        }
    }
}
