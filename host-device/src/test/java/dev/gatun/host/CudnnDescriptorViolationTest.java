package dev.gatun.host;

import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Descriptors that cuDNN 9.24 was observed to refuse, with its statuses; {@link CudnnStatusTest} has those that it takes. */
class CudnnDescriptorViolationTest {
    private static final int BAD_PARAM = 2000;
    private static final MemorySegment NULL = MemorySegment.NULL;

    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void closeArena() {
        arena.close();
    }

    private MemorySegment ints(int... values) {
        return arena.allocateFrom(ValueLayout.JAVA_INT, values);
    }

    private MemorySegment out() {
        return arena.allocate(ValueLayout.JAVA_LONG);
    }

    @Test
    void callsWithoutAHandleAreBadParameters() {
        Cuda.refused(BAD_PARAM, Cudnn.cudnnSetDropoutDescriptor(NULL, NULL, 0, NULL, 0, 0), "cudnnSetDropoutDescriptor: ");
        Cuda.refused(BAD_PARAM, Cudnn.cudnnRestoreDropoutDescriptor(NULL, NULL, 0, NULL, 0, 0), "cudnnRestoreDropoutDescriptor: ");
        Cuda.refused(BAD_PARAM, Cudnn.cudnnDropoutGetStatesSize(NULL, out()), "cudnnDropoutGetStatesSize: ");
        Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNWeightSpaceSize(NULL, NULL, out()), "cudnnGetRNNWeightSpaceSize: ");
        Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNTempSpaceSizes(NULL, NULL, 0, NULL, out(), out()), "cudnnGetRNNTempSpaceSizes: ");
        Cuda.refused(BAD_PARAM, Cudnn.cudnnGetRNNWeightParams(NULL, NULL, 0, 0, NULL, 0, NULL, out(), NULL, out()),
                "cudnnGetRNNWeightParams: ");
        Cuda.refused(BAD_PARAM, Cudnn.cudnnRNNForward(NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0,
                NULL, 0, NULL, 0, NULL), "cudnnRNNForward: ");
        Cuda.refused(BAD_PARAM, Cudnn.cudnnRNNBackwardData_v8(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                NULL, NULL, NULL, 0, NULL, 0, NULL, 0, NULL), "cudnnRNNBackwardData_v8: ");
        Cuda.refused(BAD_PARAM, Cudnn.cudnnRNNBackwardWeights_v8(NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, 0,
                NULL, 0, NULL), "cudnnRNNBackwardWeights_v8: ");
    }

    @ParameterizedTest(name = "{14}: {13}")
    @CsvSource({
        // algo, cell, bias, direction, input mode, data type, math precision, math type,
        // input, hidden, projection, layers, flags, status, case
        "0, 2, 2, 0, 0, 0, 0, 0, 4, 8, 0, 2, 1,    2000, projSize 0 does not mean off",
        "0, 2, 2, 0, 0, 0, 0, 0, 4, 8, -1, 2, 1,   2000, projSize negative",
        "0, 2, 2, 0, 0, 0, 0, 0, 0, 8, 8, 2, 1,    2000, inputSize 0",
        "0, 2, 2, 0, 0, 0, 0, 0, 4, 0, 8, 2, 1,    2000, hiddenSize 0",
        "0, 2, 2, 0, 0, 0, 0, 0, 4, 8, 8, 0, 1,    2000, numLayers 0",
        "0, 2, 2, 0, 0, 0, 0, 0, 4, 8, 8, 2, 2,    2000, unknown flag",
        "4, 2, 2, 0, 0, 0, 0, 0, 4, 8, 8, 2, 1,    2000, unknown algo",
        "0, 4, 2, 0, 0, 0, 0, 0, 4, 8, 8, 2, 1,    2000, unknown cell",
        "0, 2, 4, 0, 0, 0, 0, 0, 4, 8, 8, 2, 1,    2000, unknown bias",
        "0, 2, 2, 2, 0, 0, 0, 0, 4, 8, 8, 2, 1,    2000, unknown direction",
        "0, 2, 2, 0, 0, 0, 0, 4, 4, 8, 8, 2, 1,    2000, unknown math type",
        "0, 2, 2, 0, 0, 0, 0, 0, 4, 8, 9, 2, 1,    3000, projection above hidden",
        "0, 3, 2, 0, 0, 0, 0, 0, 4, 8, 4, 2, 1,    3000, GRU with projection",
        "1, 2, 2, 0, 0, 0, 0, 0, 4, 8, 4, 2, 1,    3000, PERSIST with projection",
        "0, 2, 2, 0, 0, 0, 1, 0, 4, 8, 8, 2, 1,    3000, float with double",
        "0, 2, 2, 0, 0, 3, 3, 0, 4, 8, 8, 2, 1,    3000, int8",
    })
    void setRnnDescriptor(int algo, int cell, int bias, int direction, int inputMode, int type, int precision, int math, int input,
            int hidden, int projection, int layers, int flags, int expected, String what) {
        MemorySegment rnn = Cuda.make(Cudnn::cudnnCreateRNNDescriptor);
        Cuda.refused(expected, Cudnn.cudnnSetRNNDescriptor_v8(rnn, algo, cell, bias, direction, inputMode, type, precision, math, input,
                hidden, projection, layers, NULL, flags), "cudnnSetRNNDescriptor_v8: ");
        Cuda.ok(Cudnn.cudnnDestroyRNNDescriptor(rnn));
    }

    @ParameterizedTest(name = "{7}: {6}")
    @CsvSource({
        // data type, layout, T, N, vector, lengths, status, case
        "0, 0, 5, 3, 4, 5 -1 5,  2000, negative length",
        "0, 0, 5, 3, 4, 5 6 5,   2000, length above T",
        "0, 0, 0, 3, 4, 5 5 5,   2000, T 0",
        "0, 0, 5, 0, 4, 5,       2000, N 0",
        "0, 0, 5, 3, 0, 5 5 5,   2000, vector 0",
        "0, 0, 5, 3, 4, ,        2000, lengths NULL",
        "0, 7, 5, 3, 4, 5 5 5,   2000, unknown layout",
        "0, 1, 5, 3, 4, 5 1 3,   2000, packed unsorted",
        "0, 1, 5, 3, 4, 5 3 0,   2000, packed with a zero",
        "0, 1, 5, 3, 4, 4 3 1,   2000, packed with none of length T",
        "3, 0, 5, 3, 4, 5 5 5,   3000, int8",
    })
    void setRnnDataDescriptor(int type, int layout, int steps, int batch, int vector, String lengths, int expected, String what) {
        MemorySegment descriptor = Cuda.make(Cudnn::cudnnCreateRNNDataDescriptor);
        MemorySegment array = lengths == null ? NULL
                : ints(Arrays.stream(lengths.split(" ")).mapToInt(Integer::parseInt).toArray());
        Cuda.refused(expected, Cudnn.cudnnSetRNNDataDescriptor(descriptor, type, layout, steps, batch, vector, array, NULL),
                "cudnnSetRNNDataDescriptor: ");
        Cuda.ok(Cudnn.cudnnDestroyRNNDataDescriptor(descriptor));
    }

    @ParameterizedTest(name = "{4}: {3}")
    @CsvSource({
        // data type, dims, strides, status, case
        "0, 2 0, 1 1,                                2000, size 0",
        "0, 2 -1, 1 1,                               2000, size negative",
        "0, 2 3, 0 1,                                2000, stride 0",
        "99, 2 3, 3 1,                               2000, unknown type",
        "0, 1 1 1 1 1 1 1 1 1, 1 1 1 1 1 1 1 1 1,    3000, nine dimensions",
    })
    void setTensorNdDescriptor(int type, String dims, String strides, int expected, String what) {
        MemorySegment descriptor = Cuda.make(Cudnn::cudnnCreateTensorDescriptor);
        int[] sizes = Arrays.stream(dims.split(" ")).mapToInt(Integer::parseInt).toArray();
        int[] steps = Arrays.stream(strides.split(" ")).mapToInt(Integer::parseInt).toArray();
        Cuda.refused(expected, Cudnn.cudnnSetTensorNdDescriptor(descriptor, type, sizes.length, ints(sizes), ints(steps)),
                "cudnnSetTensorNdDescriptor: ");
        Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(descriptor));
    }
}
