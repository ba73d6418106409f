package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import dev.gatun.lm.kernels.AdamState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What Adam keeps beside the moments, in device memory, so that a step replayed from a graph sees its present value. The
 * kernel {@code adam_prepare} advances it.
 */
final class Adam implements AutoCloseable {
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.999f;
    private static final float EPSILON = 1e-8f;

    private final Stream stream;
    private final DeviceBuffer buffer = DeviceBuffer.allocate(AdamState.BYTES);

    /** The state before the first step, with PyTorch's betas and epsilon. */
    Adam(float learningRate, Stream stream) {
        this.stream = stream;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(AdamState.BYTES, Double.BYTES);
            AdamState.initialize(state, learningRate, BETA1, BETA2, EPSILON);
            buffer.copyFromAsync(state, stream);
            stream.synchronize();
        }
    }

    /** Changes the learning rate of the steps that are enqueued from now on. */
    void setLearningRate(float learningRate) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(ValueLayout.JAVA_FLOAT, learningRate);
            buffer.slice(AdamState.LEARNING_RATE, Float.BYTES).copyFromAsync(value, stream);
            stream.synchronize();
        }
    }

    /** Returns the whole state, for the kernels. */
    DeviceBuffer buffer() {
        return buffer;
    }

    /** Returns the norm of the last step's gradient before clipping, float [1]. */
    DeviceBuffer gradientNorm() {
        return buffer.slice(AdamState.GRAD_NORM, Float.BYTES);
    }

    @Override
    public void close() {
        buffer.close();
    }
}
