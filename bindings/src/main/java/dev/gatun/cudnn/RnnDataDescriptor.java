package dev.gatun.cudnn;

import dev.gatun.cuda.DataType;
import dev.gatun.device.Owner;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** The shape of an RNN's input or output: [steps][batch][vector], step-major, padded where sequences are shorter. */
public final class RnnDataDescriptor extends Owner {
    private final MemorySegment handle;
    private final DataType type;
    private final int steps;
    private final int batch;
    private final int vectorSize;

    private RnnDataDescriptor(MemorySegment handle, DataType type, int steps, int batch, int vectorSize) {
        this.handle = handle;
        this.type = type;
        this.steps = steps;
        this.batch = batch;
        this.vectorSize = vectorSize;
    }

    /** Describes {@code batch} sequences of {@code steps} steps each, of 32-bit floats. */
    public static RnnDataDescriptor sequenceMajor(int steps, int batch, int vectorSize) {
        return sequenceMajor(DataType.FLOAT, steps, batch, vectorSize);
    }

    /** Describes {@code batch} sequences of {@code steps} steps each. */
    public static RnnDataDescriptor sequenceMajor(DataType type, int steps, int batch, int vectorSize) {
        int[] lengths = new int[Math.max(0, batch)];
        Arrays.fill(lengths, steps);
        return sequenceMajor(type, steps, batch, vectorSize, lengths);
    }

    /** As {@link #sequenceMajor(DataType, int, int, int, int[])}, of 32-bit floats. */
    public static RnnDataDescriptor sequenceMajor(int steps, int batch, int vectorSize, int[] lengths) {
        return sequenceMajor(DataType.FLOAT, steps, batch, vectorSize, lengths);
    }

    /**
     * Describes sequences of different lengths; what lies behind a sequence's end is written as 0.
     *
     * @param lengths steps of each of the {@code batch} sequences, 1 to {@code steps}: cuDNN takes 0 but fails on it later
     * @throws IllegalArgumentException if a length is not, or there are not {@code batch} of them
     * @throws CudnnException if cuDNN refuses the sizes
     */
    public static RnnDataDescriptor sequenceMajor(DataType type, int steps, int batch, int vectorSize, int[] lengths) {
        if (lengths.length != batch || Arrays.stream(lengths).anyMatch(length -> length < 1 || length > steps)) {
            throw new IllegalArgumentException("expected " + batch + " sequence lengths of 1 to " + steps + ", got "
                    + Arrays.toString(lengths));
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pointer = arena.allocate(Cudnn.C_POINTER);
            CudnnException.check(Cudnn.cudnnCreateRNNDataDescriptor(pointer), "cudnnCreateRNNDataDescriptor");
            RnnDataDescriptor descriptor = new RnnDataDescriptor(pointer.get(Cudnn.C_POINTER, 0), type, steps, batch, vectorSize);
            MemorySegment padding = arena.allocate(ValueLayout.JAVA_FLOAT); // 0 in every type
            int status = Cudnn.cudnnSetRNNDataDescriptor(descriptor.handle, DataTypes.value(type),
                    Cudnn.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED(), steps, batch, vectorSize, arena.allocateFrom(Cudnn.C_INT, lengths),
                    padding);
            if (status != 0) {
                descriptor.close();
                throw new CudnnException(status, "cudnnSetRNNDataDescriptor", "steps=" + steps + ", batch=" + batch + ", vectorSize="
                        + vectorSize);
            }
            return descriptor;
        }
    }

    /** Returns the length of the longest sequence there is room for. */
    public int steps() {
        return steps;
    }

    /** Returns the number of sequences. */
    public int batch() {
        return batch;
    }

    /** Returns the bytes of the described tensor. */
    public long byteSize() {
        return (long) type.byteSize() * steps * batch * vectorSize;
    }

    /** Returns the {@code cudnnRNNDataDescriptor_t} for the generated bindings. */
    public MemorySegment handle() {
        requireOpen();
        return handle;
    }

    @Override
    protected void destroy() {
        CudnnException.check(Cudnn.cudnnDestroyRNNDataDescriptor(handle), "cudnnDestroyRNNDataDescriptor");
    }
}
