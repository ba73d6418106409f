package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import dev.gatun.lm.kernels.LossScaleState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The dynamic loss scale, in device memory, so that a step replayed from a graph sees its present value: the gradient of the logits
 * is multiplied by it, which keeps small gradients from vanishing in float16, and the gradients of the parameters are divided by it.
 * The kernel {@code update_loss_scale} halves it where one overflowed, and has the optimiser skip that step.
 */
final class LossScale implements AutoCloseable {
    /** PyTorch's GradScaler begins with this, and doubles it after {@link #GROWTH_INTERVAL} steps without overflow. */
    static final float INITIAL = 65536;

    static final int GROWTH_INTERVAL = 2000;

    /**
     * The least scale that training is expected to need, float16's least normal number: what still overflows with it is above 1e9.
     * The kernel itself knows no least one, and halves on.
     */
    static final float LEAST = 0x1p-14f;

    private final DeviceBuffer buffer = DeviceBuffer.allocate(LossScaleState.BYTES);
    private final DeviceBuffer inverse = buffer.slice(LossScaleState.INVERSE, Float.BYTES);
    private final DeviceBuffer zero = buffer.slice(LossScaleState.INVERSE + Float.BYTES, Float.BYTES);

    LossScale(Stream stream) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(LossScaleState.BYTES, Float.BYTES);
            LossScaleState.initialize(state, INITIAL);
            buffer.copyFromAsync(state, stream);
            stream.synchronize();
        }
    }

    /** Returns the whole state, for the kernel. */
    DeviceBuffer buffer() {
        return buffer;
    }

    /** Returns the scale, float [1]. */
    DeviceBuffer scale() {
        return buffer.slice(LossScaleState.SCALE, Float.BYTES);
    }

    /** Returns 1 / scale, float [1], and likewise {@link #zero}: alpha and beta of a product that divides by the scale. */
    DeviceBuffer inverse() {
        return inverse;
    }

    /** Returns 0, float [1]. */
    DeviceBuffer zero() {
        return zero;
    }

    @Override
    public void close() {
        buffer.close();
    }
}
