package dev.gatun.lm;

import dev.gatun.cublas.ComputeType;
import dev.gatun.cuda.DataType;
import dev.gatun.cuda.DeviceInfo;
import dev.gatun.cudnn.MathType;
import dev.gatun.device.DeviceException;
import java.util.Locale;

/**
 * What the tensors of a training step are stored and multiplied in. Sums, the loss, the gradients that the optimiser takes, its
 * state and the parameters themselves are float32 in all of them.
 */
public enum Precision {
    /** float32, multiplied in full precision. */
    FP32(DataType.FLOAT, MathType.FMA, ComputeType.F32, 0),
    /** float32, which products may round to TF32, 11 significant bits; needs compute capability 8.0. */
    TF32(DataType.FLOAT, MathType.DEFAULT, ComputeType.F32_FAST_TF32, 8),
    /** Mixed precision with bfloat16, 8 significant bits and float32's range; needs compute capability 8.0. */
    BF16(DataType.BFLOAT16, MathType.TENSOR_OP, ComputeType.F32, 8),
    /** Mixed precision with float16, 11 significant bits, and a dynamic loss scale because of its range. */
    FP16(DataType.HALF, MathType.TENSOR_OP, ComputeType.F32, 0);

    private final DataType data;
    private final MathType math;
    private final ComputeType compute;
    private final int computeMajor;

    Precision(DataType data, MathType math, ComputeType compute, int computeMajor) {
        this.data = data;
        this.math = math;
        this.compute = compute;
        this.computeMajor = computeMajor;
    }

    /** Returns the type of activations, their gradients, and the weights that products read. */
    DataType data() {
        return data;
    }

    /** Returns what the RNN may multiply with. */
    MathType math() {
        return math;
    }

    /** Returns how the projection multiplies. */
    ComputeType compute() {
        return compute;
    }

    /** Returns whether data have 16 bits, beside which the parameters are kept in float32. */
    boolean isMixed() {
        return data != DataType.FLOAT;
    }

    /**
     * Refuses a device that lacks this precision.
     *
     * @throws DeviceException if its compute capability is too low; says which one is needed, and what to use instead
     */
    public void requireSupportedBy(DeviceInfo device) {
        if (device.computeMajor() < computeMajor) {
            throw new DeviceException("precision " + this + " needs a GPU of compute capability " + computeMajor + ".0 or later, and "
                    + device.name() + " has " + device.computeMajor() + "." + device.computeMinor() + "; use fp16 or fp32");
        }
    }

    /** Returns the name as people write it: fp32, tf32, bf16 or fp16. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
