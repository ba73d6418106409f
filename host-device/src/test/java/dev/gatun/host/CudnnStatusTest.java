package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.device.Device;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The statuses that cuDNN 9.24 was observed to give for calls that need no device; the software device gives the same. */
class CudnnStatusTest {
    private static final int NOT_INITIALIZED = 1001;
    private static final int BAD_PARAM = 2000;
    private static final int NOT_SUPPORTED = 3000;
    private static final MemorySegment NULL = MemorySegment.NULL;

    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void closeArena() {
        arena.close();
    }

    private void expect(int expected, int status) {
        assertEquals(expected, status, () -> Device.current().explainLastFailure());
    }

    private MemorySegment ints(int... values) {
        return arena.allocateFrom(ValueLayout.JAVA_INT, values);
    }

    private MemorySegment out() {
        return arena.allocate(ValueLayout.JAVA_LONG);
    }

    @Test
    void versionsAndNames() {
        assertEquals(92400, Cudnn.cudnnGetVersion());
        assertEquals(13000, Cudnn.cudnnGetCudartVersion());
        assertEquals("CUDNN_STATUS_BAD_PARAM", Cudnn.cudnnGetErrorString(2000).getString(0));
        assertEquals("CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH", Cudnn.cudnnGetErrorString(3007).getString(0));
        assertEquals(9, Cuda.getInt(value -> Cudnn.cudnnGetProperty(0, value)));
        assertEquals(24, Cuda.getInt(value -> Cudnn.cudnnGetProperty(1, value)));
        Cuda.ok(Cudnn.cudnnGraphVersionCheck());
        Cuda.ok(Cudnn.cudnnOpsVersionCheck());
        Cuda.ok(Cudnn.cudnnAdvVersionCheck());
    }

    @Test
    void lastErrorStringSaysWhatFailedOnce() {
        expect(BAD_PARAM, Cudnn.cudnnSetStream(NULL, NULL));
        MemorySegment text = arena.allocate(256);
        Cudnn.cudnnGetLastErrorString(text, 256);
        assertTrue(text.getString(0).contains("cudnnSetStream: handle is NULL"), text.getString(0));
        Cudnn.cudnnGetLastErrorString(text, 256);
        assertEquals("", text.getString(0));
    }

    @Test
    void lastErrorStringIsCutToTheCallersSpace() {
        expect(BAD_PARAM, Cudnn.cudnnSetStream(NULL, NULL));
        MemorySegment text = arena.allocate(16);
        Cudnn.cudnnGetLastErrorString(text, 6);
        assertEquals("cudnn", text.getString(0));
    }

    /** Destroying NULL is no error, and neither is destroying a descriptor that was never set. */
    @Test
    void descriptorsCanBeMadeAndDestroyed() {
        Cuda.ok(Cudnn.cudnnDestroy(NULL));
        Cuda.ok(Cudnn.cudnnDestroyRNNDescriptor(NULL));
        Cuda.ok(Cudnn.cudnnDestroyDropoutDescriptor(NULL));
        Cuda.ok(Cudnn.cudnnDestroyRNNDescriptor(Cuda.make(Cudnn::cudnnCreateRNNDescriptor)));
        Cuda.ok(Cudnn.cudnnDestroyDropoutDescriptor(Cuda.make(Cudnn::cudnnCreateDropoutDescriptor)));
        Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(Cuda.make(Cudnn::cudnnCreateRNNDataDescriptor)));
        Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(Cuda.make(Cudnn::cudnnCreateTensorDescriptor)));
        expect(BAD_PARAM, Cudnn.cudnnCreateRNNDescriptor(NULL));
    }

    @ParameterizedTest(name = "{13}")
    @CsvSource({
        // algo, cell, bias, direction, input mode, data type, math precision, math type,
        // input, hidden, projection, layers, flags, case
        "0, 2, 2, 0, 0, 0, 0, 0, 4, 8, 8, 2, 1, valid",
        "0, 2, 2, 0, 0, 2, 2, 0, 4, 8, 8, 2, 1, half",
        "0, 2, 2, 0, 0, 2, 0, 0, 4, 8, 8, 2, 1, half with float",
        "0, 2, 2, 0, 0, 9, 0, 0, 4, 8, 8, 2, 1, bfloat16 with float",
        "0, 2, 2, 0, 0, 1, 1, 0, 4, 8, 8, 2, 1, double",
        "0, 2, 2, 1, 0, 0, 0, 0, 4, 8, 8, 2, 1, bidirectional",
        "0, 2, 2, 0, 0, 0, 0, 0, 4, 8, 4, 2, 1, projection",
        "0, 2, 2, 0, 1, 0, 0, 0, 4, 8, 8, 2, 1, SKIP_INPUT with another width is not checked",
        "3, 2, 2, 0, 0, 0, 0, 0, 4, 4096, 4096, 2, 1, SMALL_H with a large one is not checked",
        "0, 2, 2, 0, 0, 1, 1, 1, 4, 8, 8, 2, 1, double with TENSOR_OP is not checked",
        "1, 2, 2, 0, 0, 0, 0, 0, 4, 8, 8, 2, 1, PERSIST_STATIC in float is not checked",
        "0, 2, 2, 0, 0, 0, 0, 0, 4, 100000, 100000, 2, 1, a huge hidden size is not checked",
    })
    void setRnnDescriptor(int algo, int cell, int bias, int direction, int inputMode, int type, int precision, int math, int input,
            int hidden, int projection, int layers, int flags, String what) {
        MemorySegment rnn = Cuda.make(Cudnn::cudnnCreateRNNDescriptor);
        Cuda.ok(Cudnn.cudnnSetRNNDescriptor_v8(rnn, algo, cell, bias, direction, inputMode, type, precision, math, input, hidden,
                projection, layers, NULL, flags));
        Cuda.ok(Cudnn.cudnnDestroyRNNDescriptor(rnn));
    }

    @Test
    void rnnDescriptorReadsBackEqual() {
        MemorySegment rnn = Cuda.make(Cudnn::cudnnCreateRNNDescriptor);
        MemorySegment dropout = Cuda.make(Cudnn::cudnnCreateDropoutDescriptor);
        MemorySegment[] fields = new MemorySegment[14];
        for (int i = 0; i < fields.length; i++) {
            fields[i] = out();
        }
        expect(NOT_INITIALIZED, get(rnn, fields));
        Cuda.ok(Cudnn.cudnnSetRNNDescriptor_v8(rnn, 0, 2, 2, 0, 0, 0, 0, 3, 4, 8, 8, 2, dropout, 1));
        Cuda.ok(get(rnn, fields));
        int[] expected = {0, 2, 2, 0, 0, 0, 0, 3, 4, 8, 8, 2};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], fields[i].get(ValueLayout.JAVA_INT, 0), "field " + i);
        }
        assertEquals(dropout.address(), fields[12].get(ValueLayout.JAVA_LONG, 0));
        assertEquals(1, fields[13].get(ValueLayout.JAVA_INT, 0));
        expect(BAD_PARAM, Cudnn.cudnnRNNSetClip_v9(rnn, 1, 2, 1));
        Cuda.ok(Cudnn.cudnnRNNSetClip_v9(rnn, 1, -3, 3));
        MemorySegment clip = out();
        MemorySegment right = arena.allocate(ValueLayout.JAVA_DOUBLE);
        Cuda.ok(Cudnn.cudnnRNNGetClip_v9(rnn, clip, out(), right));
        assertEquals(1, clip.get(ValueLayout.JAVA_INT, 0));
        assertEquals(3, right.get(ValueLayout.JAVA_DOUBLE, 0));
        Cuda.ok(Cudnn.cudnnDestroyRNNDescriptor(rnn));
        Cuda.ok(Cudnn.cudnnDestroyDropoutDescriptor(dropout));
        expect(BAD_PARAM, Cudnn.cudnnSetRNNDescriptor_v8(NULL, 0, 2, 2, 0, 0, 0, 0, 3, 4, 8, 8, 2, NULL, 1));
    }

    private static int get(MemorySegment rnn, MemorySegment[] f) {
        return Cudnn.cudnnGetRNNDescriptor_v8(rnn, f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10], f[11], f[12], f[13]);
    }

    @ParameterizedTest(name = "{6}")
    @CsvSource({
        // data type, layout, T, N, vector, lengths, case
        "0, 0, 5, 3, 4, 5 5 5, sequence-major",
        "0, 2, 5, 3, 4, 5 5 5, batch-major",
        "0, 1, 5, 3, 4, 5 3 1, packed",
        "2, 0, 5, 3, 4, 5 5 5, half",
        "9, 0, 5, 3, 4, 5 5 5, bfloat16",
        "1, 0, 5, 3, 4, 5 5 5, double",
        "0, 0, 5, 3, 4, 1 5 0, zero length and any order when unpacked",
        "0, 0, 5, 3, 4, 0 0 0, all zero when unpacked",
        "0, 0, 5, 3, 4, 3 2 1, none as long as allowed",
    })
    void setRnnDataDescriptor(int type, int layout, int steps, int batch, int vector, String lengths, String what) {
        MemorySegment descriptor = Cuda.make(Cudnn::cudnnCreateRNNDataDescriptor);
        MemorySegment array = ints(java.util.Arrays.stream(lengths.split(" ")).mapToInt(Integer::parseInt).toArray());
        Cuda.ok(Cudnn.cudnnSetRNNDataDescriptor(descriptor, type, layout, steps, batch, vector, array, NULL));
        Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(descriptor));
    }

    @Test
    void rnnDataDescriptorKeepsCopiesOfLengthsAndFill() {
        MemorySegment descriptor = Cuda.make(Cudnn::cudnnCreateRNNDataDescriptor);
        try (Arena call = Arena.ofConfined()) {
            Cuda.ok(Cudnn.cudnnSetRNNDataDescriptor(descriptor, 0, 0, 5, 3, 4, call.allocateFrom(ValueLayout.JAVA_INT, 5, 2, 3),
                    call.allocateFrom(ValueLayout.JAVA_FLOAT, 1.5f)));
        }
        MemorySegment lengths = ints(-1, -1, -1);
        MemorySegment fill = arena.allocate(ValueLayout.JAVA_FLOAT);
        MemorySegment steps = out();
        Cuda.ok(Cudnn.cudnnGetRNNDataDescriptor(descriptor, out(), out(), steps, out(), out(), 2, lengths, fill));
        assertArrayEquals(new int[] {5, 2, -1}, lengths.toArray(ValueLayout.JAVA_INT), "only the lengths asked for are written");
        assertEquals(1.5f, fill.get(ValueLayout.JAVA_FLOAT, 0));
        assertEquals(5, steps.get(ValueLayout.JAVA_INT, 0));
        Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(descriptor));
    }

    @ParameterizedTest(name = "{3}")
    @CsvSource({
        // data type, dims, strides, case
        "0, 2 3, 3 1, two dimensions",
        "0, 2 3 4 5 6, 360 120 30 6 1, five dimensions",
        "0, 2 3, -3 1, a negative stride",
        "0, 100000 100000 100000, 1 1 1, huge",
        "0, 2 1, 1 0, stride 0 of one element",
    })
    void setTensorNdDescriptor(int type, String dims, String strides, String what) {
        MemorySegment descriptor = Cuda.make(Cudnn::cudnnCreateTensorDescriptor);
        int[] sizes = java.util.Arrays.stream(dims.split(" ")).mapToInt(Integer::parseInt).toArray();
        int[] steps = java.util.Arrays.stream(strides.split(" ")).mapToInt(Integer::parseInt).toArray();
        Cuda.ok(Cudnn.cudnnSetTensorNdDescriptor(descriptor, type, sizes.length, ints(sizes), ints(steps)));
        Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(descriptor));
    }

    @Test
    void tensorDescriptorsReadBackEqual() {
        MemorySegment descriptor = Cuda.make(Cudnn::cudnnCreateTensorDescriptor);
        expect(BAD_PARAM, Cudnn.cudnnSetTensorNdDescriptor(descriptor, 0, 0, ints(1), ints(1)));
        expect(BAD_PARAM, Cudnn.cudnnSetTensorNdDescriptor(descriptor, 0, 2, NULL, ints(1, 1)));
        assertEquals(0, Cuda.getLong(size -> Cudnn.cudnnGetTensorSizeInBytes(descriptor, size)), "never set");
        Cuda.ok(Cudnn.cudnnSetTensor4dDescriptor(descriptor, Cudnn.CUDNN_TENSOR_NHWC(), 0, 2, 3, 4, 5));
        MemorySegment rank = out();
        MemorySegment dims = ints(0, 0, 0, 0);
        MemorySegment strides = ints(0, 0, 0, 0);
        Cuda.ok(Cudnn.cudnnGetTensorNdDescriptor(descriptor, 4, out(), rank, dims, strides));
        assertEquals(4, rank.get(ValueLayout.JAVA_INT, 0));
        assertArrayEquals(new int[] {2, 3, 4, 5}, dims.toArray(ValueLayout.JAVA_INT));
        assertArrayEquals(new int[] {60, 1, 15, 3}, strides.toArray(ValueLayout.JAVA_INT));
        assertEquals(4 * 2 * 3 * 4 * 5, Cuda.getLong(size -> Cudnn.cudnnGetTensorSizeInBytes(descriptor, size)));
        expect(NOT_SUPPORTED, Cudnn.cudnnSetTensor4dDescriptor(descriptor, Cudnn.CUDNN_TENSOR_NCHW_VECT_C(), 3, 2, 4, 4, 5));
        Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(descriptor));
    }

    @Test
    void aFunctionThatIsNotComputedSaysSo() {
        assertEquals(NOT_SUPPORTED, Cudnn.cudnnSoftmaxForward(NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL));
        String explanation = Device.current().explainLastFailure();
        assertTrue(explanation.contains("cudnnSoftmaxForward") && explanation.contains("GPU"), explanation);
        assertFalse(Device.current().explainLastFailure().contains("cudnnSoftmaxForward"), "an explanation is given once");
    }
}
