package dev.gatun.lm;

import dev.gatun.cuda.DataType;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.DeviceInfo;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cudnn.RnnDescriptor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A model as a pass computes with it in some {@link Precision}: the RNN's description, the weights that products read, and copies of
 * other tensors. In FP32 all of these are the model's own, and in TF32 all but the description.
 */
final class MixedPrecision implements AutoCloseable {
    private final Resources resources = new Resources();
    private final LanguageModel model;
    private final Precision precision;
    private final RnnDescriptor rnn;
    private final ParameterBlock weights;
    private final LossScale lossScale;
    private final LowPrecisionCopy weightCopy;

    /** A run of elements that lie alike in a float32 block and in its 16-bit copy. */
    private record Piece(long from, long to, long count) {
        boolean continues(Piece before) {
            return from - to == before.from - before.to;
        }

        Piece joined(Piece next) {
            return new Piece(from, to, next.to + next.count - to);
        }
    }

    /**
     * Prepares a model; the master weights are cast by {@link #castWeights} alone.
     *
     * @throws dev.gatun.device.DeviceException if the device lacks the precision
     */
    MixedPrecision(LanguageModel model, Precision precision) {
        this.model = model;
        this.precision = precision;
        if (precision != Precision.FP32) {
            precision.requireSupportedBy(DeviceInfo.read());
        }
        try {
            rnn = precision == Precision.FP32 ? model.rnn() : resources.own(model.describeRnn(precision));
            lossScale = precision == Precision.FP16 ? resources.own(new LossScale(model.stream())) : null;
            ParameterBlock master = model.parameters();
            if (precision.isMixed()) {
                weights = new ParameterBlock(ParameterLayout.of(model.config(), rnn), model.stream(), resources);
                weightCopy = copy(weights.all(), master.all(), pieces(0, master.all().byteSize()), null, null);
            } else {
                weights = master;
                weightCopy = same(master.all());
            }
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /**
     * Returns the copy of a tensor of {@code count} floats.
     *
     * @param castScale what it is multiplied by when it is cast, float [1]; null for nothing
     * @param wideningScale what the copy is multiplied by when it is widened, float [1]; null for nothing
     */
    LowPrecisionCopy copyOf(DeviceBuffer floats, long count, DeviceBuffer castScale, DeviceBuffer wideningScale) {
        if (!precision.isMixed()) {
            return same(floats);
        }
        DeviceBuffer copy = resources.own(DeviceBuffer.allocate(count * precision.data().byteSize()));
        return copy(copy, floats, List.of(new Piece(0, 0, count)), castScale, wideningScale);
    }

    /** Returns the copy of the RNN's part of the gradients; widening it divides by the loss scale. */
    LowPrecisionCopy copyOfRnn(ParameterBlock gradients) {
        if (!precision.isMixed()) {
            return same(gradients.rnn());
        }
        ParameterLayout.Slice slice = gradients.layout().rnn();
        long first = slice.offset() / Float.BYTES;
        long firstOfCopy = weights.layout().rnn().offset() / precision.data().byteSize();
        List<Piece> pieces = pieces(slice.offset(), slice.bytes()).stream()
                .map(piece -> new Piece(piece.from - first, piece.to - firstOfCopy, piece.count)).toList();
        DeviceBuffer copy = resources.own(DeviceBuffer.allocate(weights.rnn().byteSize()));
        return copy(copy, gradients.rnn(), pieces, null, inverseLossScale());
    }

    /** Returns a tensor as its own copy. */
    static LowPrecisionCopy same(DeviceBuffer floats) {
        return new LowPrecisionCopy(floats, List.of(), List.of());
    }

    private LowPrecisionCopy copy(DeviceBuffer copy, DeviceBuffer floats, List<Piece> pieces, DeviceBuffer castScale,
            DeviceBuffer wideningScale) {
        boolean half = precision.data() == DataType.HALF;
        List<KernelCall> casts = new ArrayList<>();
        List<KernelCall> widenings = new ArrayList<>();
        for (Piece piece : pieces) {
            DeviceBuffer from = floats.sliceFloats(piece.from, piece.count);
            DeviceBuffer to = copy.slice(piece.to * precision.data().byteSize(), piece.count * precision.data().byteSize());
            casts.add(model.kernels().cast(half, to, from, castScale, piece.count));
            widenings.add(model.kernels().widen(half, from, to, wideningScale, piece.count));
        }
        return new LowPrecisionCopy(copy, List.copyOf(casts), List.copyOf(widenings));
    }

    /**
     * Finds where the tensors inside {@code bytes} of the float32 block from {@code offset} on lie in its copy. cuDNN lays weights of
     * either type out as it likes; where it does so alike, as it was seen to, all of them are one piece.
     */
    private List<Piece> pieces(long offset, long bytes) {
        ParameterLayout master = model.parameters().layout();
        List<Piece> single = new ArrayList<>();
        for (TensorInfo tensor : master.tensors()) {
            List<ParameterLayout.Slice> from = master.slices(tensor);
            List<ParameterLayout.Slice> to = weights.layout().slices(tensor);
            for (int i = 0; i < from.size(); i++) {
                ParameterLayout.Slice slice = from.get(i);
                if (slice.offset() >= offset && slice.offset() < offset + bytes) {
                    single.add(new Piece(slice.offset() / Float.BYTES, to.get(i).offset() / precision.data().byteSize(),
                            slice.bytes() / Float.BYTES));
                }
            }
        }
        single.sort(Comparator.comparingLong(Piece::to));
        List<Piece> pieces = new ArrayList<>();
        for (Piece piece : single) {
            if (!pieces.isEmpty() && piece.continues(pieces.getLast())) {
                pieces.add(pieces.removeLast().joined(piece));
            } else {
                pieces.add(piece);
            }
        }
        return pieces;
    }

    /** Enqueues the rounding of the parameters to the weights that products read; to be done after each change of them. */
    void castWeights() {
        weightCopy.cast(model.stream());
    }

    Precision precision() {
        return precision;
    }

    RnnDescriptor rnn() {
        return rnn;
    }

    /** Returns the weights that products read, of the precision's data type. */
    ParameterBlock weights() {
        return weights;
    }

    /** Returns the loss scale, or null in a precision that needs none. */
    LossScale lossScale() {
        return lossScale;
    }

    /** Returns what the logits' gradient is multiplied by, float [1], or null. */
    DeviceBuffer scaleOfLoss() {
        return lossScale == null ? null : lossScale.scale();
    }

    /** Returns what undoes {@link #scaleOfLoss}, float [1], or null. */
    DeviceBuffer inverseLossScale() {
        return lossScale == null ? null : lossScale.inverse();
    }

    @Override
    public void close() {
        resources.close();
    }
}
