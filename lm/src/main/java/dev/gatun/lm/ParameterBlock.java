package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A value for each of a model's parameters, in one block of device memory: the parameters themselves, or their gradients.
 *
 * <p>Tensors have the names, shapes and gate order (i, f, g, o) of the PyTorch module with an embedding {@code embed}, an LSTM
 * {@code lstm} and a linear layer {@code linear}. For V words, E values an embedding, H hidden size and layers k = 0, 1, …:
 * {@code embed.weight} [V][E]; {@code lstm.weight_ih_lk} [4H][E], or [4H][H] for k &gt; 0; {@code lstm.weight_hh_lk} [4H][H];
 * {@code lstm.bias_ih_lk} and {@code lstm.bias_hh_lk} [4H]; {@code linear.weight} [V][H]; {@code linear.bias} [V]. With a
 * projection to P values, {@code lstm.weight_hr_lk} is [P][H] and H is P where it is a number of columns. A GRU is {@code gru}, its
 * gates r, z, n, with 3 for 4. A tied model has no {@code linear.weight}: it is {@code embed.weight}.
 *
 * <p>Owned by the model or the trainer that gives it out, and valid as long as that is open. Not thread-safe: one thread at a
 * time, together with its owner.
 */
public final class ParameterBlock {
    private final ParameterLayout layout;
    private final Stream stream;
    private final DeviceBuffer all;

    /** Allocates a block of zeros; the padding between slices stays zero, so that a norm may run over it. */
    ParameterBlock(ParameterLayout layout, Stream stream, Resources owner) {
        this.layout = layout;
        this.stream = stream;
        all = owner.own(DeviceBuffer.allocate(layout.byteSize()));
        all.zeroAsync(stream);
    }

    /** Makes a block of zeros of the same layout. */
    ParameterBlock zeros(Resources owner) {
        return new ParameterBlock(layout, stream, owner);
    }

    /** Returns the tensors in the order of a PyTorch state dict. */
    public List<TensorInfo> tensors() {
        return layout.tensors();
    }

    /**
     * Returns the tensor of a name.
     *
     * @throws IllegalArgumentException if there is none; names those there are
     */
    public TensorInfo tensor(String name) {
        return layout.tensor(name);
    }

    /**
     * Copies a tensor to the host once all enqueued work is done.
     *
     * @param tensor one of {@link #tensors}
     * @param host off-heap; receives float32, row-major, exactly {@link TensorInfo#byteSize} bytes
     * @throws IllegalArgumentException if there is no such tensor, or {@code host} is on-heap or of another size
     */
    public void copyTo(TensorInfo tensor, MemorySegment host) {
        checkSize(tensor, host);
        long at = 0;
        for (ParameterLayout.Slice slice : layout.slices(tensor)) {
            slice(slice).copyToAsync(host.asSlice(at, slice.bytes()), stream);
            at += slice.bytes();
        }
        stream.synchronize();
    }

    /**
     * Replaces a tensor's values, after all enqueued work; on return {@code host} may change.
     *
     * @param tensor one of {@link #tensors}
     * @param host off-heap; float32, row-major, exactly {@link TensorInfo#byteSize} bytes
     * @throws IllegalArgumentException if there is no such tensor, or {@code host} is on-heap or of another size
     */
    public void copyFrom(TensorInfo tensor, MemorySegment host) {
        checkSize(tensor, host);
        long at = 0;
        for (ParameterLayout.Slice slice : layout.slices(tensor)) {
            slice(slice).copyFromAsync(host.asSlice(at, slice.bytes()), stream);
            at += slice.bytes();
        }
        stream.synchronize();
    }

    /** Makes values of a tensor. */
    @FunctionalInterface
    interface Values {
        /** Writes the values from index {@code first} on to {@code piece}, which they fill. */
        void write(long first, MemorySegment piece);
    }

    /** Replaces a tensor's values as {@link #copyFrom} does, in pieces that fit into an off-heap buffer. */
    void fill(TensorInfo tensor, MemorySegment buffer, Values values) {
        long first = 0;
        for (ParameterLayout.Slice slice : layout.slices(tensor)) {
            for (long at = 0; at < slice.bytes(); at += buffer.byteSize()) {
                MemorySegment piece = buffer.asSlice(0, Math.min(buffer.byteSize(), slice.bytes() - at));
                values.write(first, piece);
                slice(slice).slice(at, piece.byteSize()).copyFromAsync(piece, stream);
                stream.synchronize();
                first += piece.byteSize() / Float.BYTES;
            }
        }
    }

    private static void checkSize(TensorInfo tensor, MemorySegment host) {
        Check.that(host.byteSize() == tensor.byteSize(), tensor + " takes " + tensor.byteSize() + " bytes", host.byteSize());
    }

    private DeviceBuffer slice(ParameterLayout.Slice slice) {
        return all.slice(slice.offset(), slice.bytes());
    }

    ParameterLayout layout() {
        return layout;
    }

    /** Returns the whole block, padding included. */
    DeviceBuffer all() {
        return all;
    }

    /** Returns how many floats the block has, padding included. */
    long floats() {
        return all.byteSize() / Float.BYTES;
    }

    /** Returns float [V][E]. */
    DeviceBuffer embedWeight() {
        return slice(layout.embedWeight());
    }

    /** Returns the recurrent network's weight space, as cuDNN lays it out. */
    DeviceBuffer rnn() {
        return slice(layout.rnn());
    }

    /** Returns float [V][P]; of a tied model the same memory as {@link #embedWeight}. */
    DeviceBuffer linearWeight() {
        return slice(layout.linearWeight());
    }

    /** Returns float [V]. */
    DeviceBuffer linearBias() {
        return slice(layout.linearBias());
    }
}
