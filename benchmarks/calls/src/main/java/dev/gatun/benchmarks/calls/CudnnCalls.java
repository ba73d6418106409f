package dev.gatun.benchmarks.calls;

import dev.gatun.cuda.DataType;
import dev.gatun.cudnn.Dnn;
import dev.gatun.cudnn.TensorDescriptor;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** NVIDIA's cuDNN, its functions that need no GPU, through the owned layer and through the generated one. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CudnnCalls {
    private static final int[] DIMS = {20, 30, 128};
    private static final int[] STRIDES = {3840, 128, 1};
    private static final int HIDDEN = 1024;

    private MemorySegment pointer;
    private MemorySegment dims;
    private MemorySegment strides;
    private MemorySegment tensor;
    private TensorDescriptor owned;
    private MemorySegment rnn;
    private MemorySegment dropout;

    /** Makes what calls are given, once. */
    @Setup
    public void setup() {
        Arena arena = Arena.global();
        pointer = arena.allocate(Cudnn.C_POINTER);
        dims = arena.allocateFrom(Cudnn.C_INT, DIMS);
        strides = arena.allocateFrom(Cudnn.C_INT, STRIDES);
        check(Cudnn.cudnnCreateTensorDescriptor(pointer));
        tensor = pointer.get(Cudnn.C_POINTER, 0);
        check(Cudnn.cudnnCreateRNNDescriptor(pointer));
        rnn = pointer.get(Cudnn.C_POINTER, 0);
        check(Cudnn.cudnnCreateDropoutDescriptor(pointer));
        dropout = pointer.get(Cudnn.C_POINTER, 0);
        owned = TensorDescriptor.packed(DIMS);
        check(setTensor());
        check(setRnn());
    }

    private static void check(int status) {
        if (status != 0) {
            throw new IllegalStateException("cuDNN returned " + status);
        }
    }

    /** {@code cudnnGetVersion}. */
    @Benchmark
    public long versionOwned() {
        return Dnn.version();
    }

    /** {@code cudnnGetVersion}. */
    @Benchmark
    public long versionGenerated() {
        return Cudnn.cudnnGetVersion();
    }

    /** A descriptor made, set and destroyed: three calls. */
    @Benchmark
    public void describeOwned() {
        TensorDescriptor.packed(DIMS).close();
    }

    /** A descriptor made, set and destroyed: three calls. */
    @Benchmark
    public int describeGenerated() {
        int status = Cudnn.cudnnCreateTensorDescriptor(pointer);
        MemorySegment made = pointer.get(Cudnn.C_POINTER, 0);
        status |= Cudnn.cudnnSetTensorNdDescriptor(made, Cudnn.CUDNN_DATA_FLOAT(), DIMS.length, dims, strides);
        return status | Cudnn.cudnnDestroyTensorDescriptor(made);
    }

    /** {@code cudnnSetTensorNdDescriptor}, of five arguments, with the strides computed and the sizes copied to native memory. */
    @Benchmark
    public void setTensorOwned() {
        owned.setPacked(DataType.FLOAT, DIMS);
    }

    /** {@code cudnnSetTensorNdDescriptor}, of five arguments. */
    @Benchmark
    public int setTensorGenerated() {
        return setTensor();
    }

    /** {@code cudnnSetRNNDescriptor_v8}, of fifteen arguments. */
    @Benchmark
    public int setRnnGenerated() {
        return setRnn();
    }

    private int setTensor() {
        return Cudnn.cudnnSetTensorNdDescriptor(tensor, Cudnn.CUDNN_DATA_FLOAT(), DIMS.length, dims, strides);
    }

    private int setRnn() {
        return Cudnn.cudnnSetRNNDescriptor_v8(rnn, Cudnn.CUDNN_RNN_ALGO_STANDARD(), Cudnn.CUDNN_LSTM(), Cudnn.CUDNN_RNN_DOUBLE_BIAS(),
                Cudnn.CUDNN_UNIDIRECTIONAL(), Cudnn.CUDNN_LINEAR_INPUT(), Cudnn.CUDNN_DATA_FLOAT(), Cudnn.CUDNN_DATA_FLOAT(),
                Cudnn.CUDNN_FMA_MATH(), DIMS[2], HIDDEN, HIDDEN, 1, dropout, Cudnn.CUDNN_RNN_PADDED_IO_ENABLED());
    }
}
