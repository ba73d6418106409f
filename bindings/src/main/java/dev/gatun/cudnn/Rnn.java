package dev.gatun.cudnn;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.device.Owner;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.MemorySegment;

/**
 * A recurrent network at one shape of data: its descriptors, workspace and reserve space, and the three calls on them.
 *
 * <p>Shapes, of the descriptor's data type: x [steps][batch][input size], y [steps][batch][output size], the hidden states
 * [layers][batch][output size] and the cell states [layers][batch][hidden size], where the output size is the hidden size unless
 * it is projected. A state may be {@code null}: read as zeros, or not written; a GRU's cell states always are. A training
 * {@link #forward} is followed by one {@link #backwardData} and one {@link #backwardWeights}, in this order, with y, hx and cx
 * unchanged; the calls allocate nothing. Not thread-safe: one thread at a time.
 */
public final class Rnn extends Owner {
    /** What the next calls may be. */
    private enum Phase { FORWARD, DATA, WEIGHTS }

    private final Dnn dnn;
    private final RnnDescriptor rnn;
    private final boolean training;
    private final RnnDataDescriptor x;
    private final RnnDataDescriptor y;
    private final TensorDescriptor hidden;
    private final TensorDescriptor cell;
    private final long hiddenBytes;
    private final long cellBytes;
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
        hidden = TensorDescriptor.packed(rnn.type(), rnn.layers(), x.batch(), rnn.outputSize());
        cell = TensorDescriptor.packed(rnn.type(), rnn.layers(), x.batch(), rnn.hiddenSize());
        hiddenBytes = (long) rnn.type().byteSize() * rnn.layers() * x.batch() * rnn.outputSize();
        cellBytes = (long) rnn.type().byteSize() * rnn.layers() * x.batch() * rnn.hiddenSize();
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
        return new Rnn(dnn, rnn, training, RnnDataDescriptor.sequenceMajor(rnn.type(), steps, batch, rnn.inputSize()),
                RnnDataDescriptor.sequenceMajor(rnn.type(), steps, batch, rnn.outputSize()));
    }

    /** Prepares for sequences of different lengths, each 1 to {@code steps}; y is 0 behind a sequence's end. */
    public static Rnn create(Dnn dnn, RnnDescriptor rnn, int steps, int[] lengths, boolean training) {
        return new Rnn(dnn, rnn, training,
                RnnDataDescriptor.sequenceMajor(rnn.type(), steps, lengths.length, rnn.inputSize(), lengths),
                RnnDataDescriptor.sequenceMajor(rnn.type(), steps, lengths.length, rnn.outputSize(), lengths));
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
     * @throws IllegalArgumentException if a GRU is given a cell state
     * @throws CudnnException if cuDNN refuses
     */
    public void forward(DeviceBuffer x, DeviceBuffer y, DeviceBuffer hx, DeviceBuffer cx, DeviceBuffer hy, DeviceBuffer cy,
            DeviceBuffer weights) {
        int status = Cudnn.cudnnRNNForward(dnn.handle(), rnn.handle(), RnnDescriptor.mode(training), MemorySegment.NULL,
                this.x.handle(), data("x", x, this.x), this.y.handle(), data("y", y, this.y),
                hidden.handle(), hidden("hx", hx), hidden("hy", hy), cell.handle(), cell("cx", cx), cell("cy", cy),
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
     * @throws IllegalArgumentException if a GRU is given a cell state
     * @throws CudnnException if cuDNN refuses
     */
    public void backwardData(DeviceBuffer y, DeviceBuffer dy, DeviceBuffer dx, DeviceBuffer hx, DeviceBuffer cx, DeviceBuffer dhy,
            DeviceBuffer dcy, DeviceBuffer dhx, DeviceBuffer dcx, DeviceBuffer weights) {
        require(Phase.DATA, "backwardData");
        int status = Cudnn.cudnnRNNBackwardData_v8(dnn.handle(), rnn.handle(), MemorySegment.NULL,
                this.y.handle(), data("y", y, this.y), data("dy", dy, this.y), this.x.handle(), data("dx", dx, this.x),
                hidden.handle(), hidden("hx", hx), hidden("dhy", dhy), hidden("dhx", dhx),
                cell.handle(), cell("cx", cx), cell("dcy", dcy), cell("dcx", dcx),
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
                this.x.handle(), data("x", x, this.x), hidden.handle(), hidden("hx", hx), this.y.handle(), data("y", y, this.y),
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

    private MemorySegment hidden(String name, DeviceBuffer buffer) {
        return buffer == null ? MemorySegment.NULL : sized(name, buffer, hiddenBytes);
    }

    private MemorySegment cell(String name, DeviceBuffer buffer) {
        if (buffer != null && !rnn.hasCell()) {
            throw new IllegalArgumentException(name + " must be null: a GRU has no cell state");
        }
        return buffer == null ? MemorySegment.NULL : sized(name, buffer, cellBytes);
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
                    + ", hiddenSize=" + rnn.hiddenSize() + ", outputSize=" + rnn.outputSize() + ", layers=" + rnn.layers());
        }
    }

    @Override
    protected void destroy() {
        x.close();
        y.close();
        hidden.close();
        cell.close();
        if (workspace != null) {
            workspace.close();
        }
        if (reserve != null) {
            reserve.close();
        }
    }
}
