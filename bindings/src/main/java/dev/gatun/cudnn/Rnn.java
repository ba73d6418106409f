package dev.gatun.cudnn;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.device.Owner;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.MemorySegment;

/**
 * A recurrent network at one shape of data: its descriptors, workspace and reserve space, and the three calls on them.
 *
 * <p>Shapes: x float [steps][batch][input size], y float [steps][batch][hidden size], and the states float
 * [layers][batch][hidden size]. A state may be {@code null}: read as zeros, or not written. A training {@link #forward} is
 * followed by one {@link #backwardData} and one {@link #backwardWeights}, in this order, with y, hx and cx unchanged; the calls
 * allocate nothing. Not thread-safe: one thread at a time.
 */
public final class Rnn extends Owner {
    /** What the next calls may be. */
    private enum Phase { FORWARD, DATA, WEIGHTS }

    private final Dnn dnn;
    private final RnnDescriptor rnn;
    private final boolean training;
    private final RnnDataDescriptor x;
    private final RnnDataDescriptor y;
    private final TensorDescriptor state;
    private final long stateBytes;
    private final DeviceBuffer workspace;
    private final DeviceBuffer reserve;
    private Phase next = Phase.FORWARD;

    private Rnn(Dnn dnn, RnnDescriptor rnn, boolean training, RnnDataDescriptor x, RnnDataDescriptor y) {
        super(dnn, rnn);
        this.dnn = dnn;
        this.rnn = rnn;
        this.training = training;
        this.x = x;
        this.y = y;
        state = TensorDescriptor.packed(rnn.layers(), x.batch(), rnn.hiddenSize());
        stateBytes = (long) Float.BYTES * rnn.layers() * x.batch() * rnn.hiddenSize();
        RnnDescriptor.TempSpace space = rnn.tempSpace(training, x);
        workspace = space.workspaceBytes() == 0 ? null : DeviceBuffer.allocate(space.workspaceBytes());
        reserve = space.reserveBytes() == 0 ? null : DeviceBuffer.allocate(space.reserveBytes());
    }

    /**
     * Prepares for {@code batch} sequences of {@code steps} steps each.
     *
     * @param training whether {@link #forward} is followed by the backward calls, and applies dropout
     */
    public static Rnn create(Dnn dnn, RnnDescriptor rnn, int steps, int batch, boolean training) {
        return new Rnn(dnn, rnn, training, RnnDataDescriptor.sequenceMajor(steps, batch, rnn.inputSize()),
                RnnDataDescriptor.sequenceMajor(steps, batch, rnn.hiddenSize()));
    }

    /** Prepares for sequences of different lengths, each 1 to {@code steps}; y is 0 behind a sequence's end. */
    public static Rnn create(Dnn dnn, RnnDescriptor rnn, int steps, int[] lengths, boolean training) {
        return new Rnn(dnn, rnn, training, RnnDataDescriptor.sequenceMajor(steps, lengths.length, rnn.inputSize(), lengths),
                RnnDataDescriptor.sequenceMajor(steps, lengths.length, rnn.hiddenSize(), lengths));
    }

    /**
     * Enqueues the forward pass ({@code cudnnRNNForward}).
     *
     * @param x input
     * @param y output: the last layer's hidden states
     * @param hx first hidden state; {@code null}: zeros
     * @param cx first cell state; {@code null}: zeros
     * @param hy receives the last hidden state; {@code null}: not stored
     * @param cy receives the last cell state; {@code null}: not stored
     * @param weights the weight space
     * @throws IndexOutOfBoundsException if a buffer is too short for its shape
     * @throws CudnnException if cuDNN refuses
     */
    public void forward(DeviceBuffer x, DeviceBuffer y, DeviceBuffer hx, DeviceBuffer cx, DeviceBuffer hy, DeviceBuffer cy,
            DeviceBuffer weights) {
        int status = Cudnn.cudnnRNNForward(dnn.handle(), rnn.handle(), RnnDescriptor.mode(training), MemorySegment.NULL,
                this.x.handle(), data("x", x, this.x), this.y.handle(), data("y", y, this.y),
                state.handle(), state("hx", hx), state("hy", hy), state.handle(), state("cx", cx), state("cy", cy),
                weights.byteSize(), weights.pointer(), size(workspace), pointer(workspace), size(reserve), pointer(reserve));
        check(status, "cudnnRNNForward");
        next = training ? Phase.DATA : Phase.FORWARD;
    }

    /**
     * Enqueues the gradient for the data ({@code cudnnRNNBackwardData_v8}).
     *
     * @param y the forward's output
     * @param dy gradient of the loss with respect to y
     * @param dx receives the gradient with respect to x
     * @param hx as in the forward
     * @param cx as in the forward
     * @param dhy gradient with respect to hy; {@code null}: zeros
     * @param dcy gradient with respect to cy; {@code null}: zeros
     * @param dhx receives the gradient with respect to hx; {@code null}: not stored
     * @param dcx receives the gradient with respect to cx; {@code null}: not stored
     * @param weights the weight space
     * @throws IllegalStateException if no training forward came before
     * @throws IndexOutOfBoundsException if a buffer is too short for its shape
     * @throws CudnnException if cuDNN refuses
     */
    public void backwardData(DeviceBuffer y, DeviceBuffer dy, DeviceBuffer dx, DeviceBuffer hx, DeviceBuffer cx, DeviceBuffer dhy,
            DeviceBuffer dcy, DeviceBuffer dhx, DeviceBuffer dcx, DeviceBuffer weights) {
        require(Phase.DATA, "backwardData");
        int status = Cudnn.cudnnRNNBackwardData_v8(dnn.handle(), rnn.handle(), MemorySegment.NULL,
                this.y.handle(), data("y", y, this.y), data("dy", dy, this.y), this.x.handle(), data("dx", dx, this.x),
                state.handle(), state("hx", hx), state("dhy", dhy), state("dhx", dhx),
                state.handle(), state("cx", cx), state("dcy", dcy), state("dcx", dcx),
                weights.byteSize(), weights.pointer(), size(workspace), pointer(workspace), size(reserve), pointer(reserve));
        check(status, "cudnnRNNBackwardData_v8");
        next = Phase.WEIGHTS;
    }

    /**
     * Enqueues the gradient for the weights ({@code cudnnRNNBackwardWeights_v8}), which is added to what {@code weightGradient}
     * holds: set that to zero first.
     *
     * @param x the forward's input
     * @param hx as in the forward
     * @param y the forward's output
     * @param weightGradient laid out as the weight space
     * @throws IllegalStateException if no {@link #backwardData} came before
     * @throws IndexOutOfBoundsException if a buffer is too short for its shape
     * @throws CudnnException if cuDNN refuses
     */
    public void backwardWeights(DeviceBuffer x, DeviceBuffer hx, DeviceBuffer y, DeviceBuffer weightGradient) {
        require(Phase.WEIGHTS, "backwardWeights");
        int status = Cudnn.cudnnRNNBackwardWeights_v8(dnn.handle(), rnn.handle(), Cudnn.CUDNN_WGRAD_MODE_ADD(), MemorySegment.NULL,
                this.x.handle(), data("x", x, this.x), state.handle(), state("hx", hx), this.y.handle(), data("y", y, this.y),
                weightGradient.byteSize(), weightGradient.pointer(), size(workspace), pointer(workspace), size(reserve), pointer(reserve));
        check(status, "cudnnRNNBackwardWeights_v8");
        next = Phase.FORWARD;
    }

    private void require(Phase phase, String call) {
        if (next != phase) {
            throw new IllegalStateException(call
                    + " is out of order: a training forward, backwardData and backwardWeights follow each other"
                    + (training ? "" : "; this Rnn was made for inference"));
        }
    }

    private MemorySegment data(String name, DeviceBuffer buffer, RnnDataDescriptor shape) {
        return sized(name, buffer, shape.byteSize());
    }

    private MemorySegment state(String name, DeviceBuffer buffer) {
        return buffer == null ? MemorySegment.NULL : sized(name, buffer, stateBytes);
    }

    private static MemorySegment sized(String name, DeviceBuffer buffer, long bytes) {
        if (buffer.byteSize() < bytes) {
            throw new IndexOutOfBoundsException(name + " needs " + bytes + " bytes, its buffer has " + buffer.byteSize());
        }
        return buffer.pointer();
    }

    private static long size(DeviceBuffer buffer) {
        return buffer == null ? 0 : buffer.byteSize();
    }

    private static MemorySegment pointer(DeviceBuffer buffer) {
        return buffer == null ? MemorySegment.NULL : buffer.pointer();
    }

    private void check(int status, String function) {
        if (status != 0) {
            throw new CudnnException(status, function, "steps=" + x.steps() + ", batch=" + x.batch() + ", inputSize=" + rnn.inputSize()
                    + ", hiddenSize=" + rnn.hiddenSize() + ", layers=" + rnn.layers());
        }
    }

    @Override
    protected void destroy() {
        x.close();
        y.close();
        state.close();
        if (workspace != null) {
            workspace.close();
        }
        if (reserve != null) {
            reserve.close();
        }
    }
}
