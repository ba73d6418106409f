package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.Stream;
import dev.gatun.lm.kernels.AdamState;
import dev.gatun.lm.kernels.SgdState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An {@link Optimizer} at work on a model: clips the gradients and updates the parameters, in three launches, and where there is a
 * loss scale, in a fourth, decides whether the step is skipped. What it keeps between steps lies on the device, so that a step
 * replayed from a graph sees its present value.
 */
final class ParameterUpdate implements AutoCloseable {
    /** The name of the parameters' average among {@link #moments}, which is PyTorch's. */
    static final String AVERAGE = "ax";

    private final Resources resources = new Resources();
    private final Stream stream;
    private final DeviceBuffer state; // AdamState or SgdState
    private final DeviceBuffer gradientNorm; // float [1], in the state
    private final StagedUpload learningRate;
    private final Map<String, ParameterBlock> moments = new LinkedHashMap<>();
    private final KernelCall sumOfSquares;
    private final KernelCall updateLossScale; // null without a loss scale
    private final KernelCall prepare;
    private final KernelCall update;

    /**
     * The state before the first step; {@code gradients}, which are not scaled, and {@code lossScale} stay the caller's.
     *
     * @param lossScale what a gradient that is not finite halves; null if such a one is not to be looked for
     */
    ParameterUpdate(LanguageModel model, ParameterBlock gradients, TrainingOptions options, LossScale lossScale) {
        stream = model.stream();
        Kernels kernels = model.kernels();
        ParameterBlock parameters = model.parameters();
        long n = parameters.floats();
        int parts = Kernels.partials(n);
        float clip = options.clip();
        try {
            DeviceBuffer partials = resources.own(DeviceBuffer.allocateFloats(parts));
            sumOfSquares = kernels.sumOfSquares(partials, gradients.all(), n);
            DeviceBuffer skip;
            switch (options.optimizer()) {
                case Optimizer.Adam adam -> {
                    state = resources.own(adamState(adam, options.learningRate()));
                    gradientNorm = field(AdamState.GRAD_NORM);
                    skip = field(AdamState.SKIP);
                    learningRate = resources.own(new StagedUpload(field(AdamState.LEARNING_RATE), stream));
                    prepare = kernels.adamPrepare(state, partials, parts, clip);
                    update = kernels.adamUpdate(parameters.all(), moment("exp_avg", parameters), moment("exp_avg_sq", parameters),
                            gradients.all(), state, n);
                }
                case Optimizer.Sgd _, Optimizer.AveragedSgd _ -> {
                    boolean averages = options.optimizer() instanceof Optimizer.AveragedSgd;
                    state = resources.own(sgdState(options.optimizer(), options.learningRate()));
                    gradientNorm = field(SgdState.GRAD_NORM);
                    skip = field(SgdState.SKIP);
                    learningRate = resources.own(new StagedUpload(field(SgdState.LEARNING_RATE), stream));
                    prepare = kernels.sgdPrepare(state, partials, parts, clip);
                    update = kernels.sgdUpdate(parameters.all(), averages ? moment(AVERAGE, parameters) : null, gradients.all(), state, n);
                }
            }
            updateLossScale = lossScale == null ? null
                    : kernels.updateLossScale(lossScale.buffer(), skip, partials, parts, LossScale.GROWTH_INTERVAL);
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    private DeviceBuffer adamState(Optimizer.Adam adam, float learningRate) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(AdamState.BYTES, Double.BYTES);
            AdamState.initialize(host, learningRate, adam.beta1(), adam.beta2(), adam.epsilon(), adam.weightDecay());
            return upload(host);
        }
    }

    private DeviceBuffer sgdState(Optimizer optimizer, float learningRate) {
        int averagingStart = optimizer instanceof Optimizer.AveragedSgd averaged ? averaged.averagingStart()
                : Optimizer.AveragedSgd.NOT_YET;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(SgdState.BYTES, Float.BYTES);
            SgdState.initialize(host, learningRate, optimizer.weightDecay(), averagingStart);
            return upload(host);
        }
    }

    private DeviceBuffer upload(MemorySegment host) {
        DeviceBuffer buffer = DeviceBuffer.allocate(host.byteSize());
        try {
            buffer.copyFromAsync(host, stream);
            stream.synchronize();
            return buffer;
        } catch (Throwable t) {
            buffer.close();
            throw t;
        }
    }

    private DeviceBuffer field(long offset) {
        return state.slice(offset, Integer.BYTES);
    }

    private DeviceBuffer moment(String name, ParameterBlock parameters) {
        ParameterBlock block = parameters.zeros(resources);
        moments.put(name, block);
        return block.all();
    }

    /** Enqueues a step on the gradients as they are then. */
    void enqueue() {
        sumOfSquares.launch(stream); //     of all gradients, in parts
        if (updateLossScale != null) {
            updateLossScale.launch(stream); //  skip this step where a gradient is not finite
        }
        prepare.launch(stream); //          their norm, the clipping scale, what depends on the step count
        update.launch(stream); //           moments and parameters
    }

    /** Changes the learning rate of the steps that are enqueued from now on; waits for none. */
    void setLearningRate(float value) {
        learningRate.begin().set(ValueLayout.JAVA_FLOAT, 0, value);
        learningRate.end();
    }

    /**
     * Enqueues that averaging starts with the next step.
     *
     * @throws IllegalStateException if the optimiser averages nothing
     */
    void startAveraging() {
        if (!moments.containsKey(AVERAGE)) {
            throw new IllegalStateException("only Optimizer.AveragedSgd averages parameters");
        }
        field(SgdState.AVERAGING_START).copyFromAsync(field(SgdState.STEP), stream);
    }

    /** Returns the norm of the last step's gradient before clipping, float [1]. */
    DeviceBuffer gradientNorm() {
        return gradientNorm;
    }

    /** Returns what is kept beside the moments, for a checkpoint. */
    DeviceBuffer state() {
        return state;
    }

    /**
     * Returns what is kept for each parameter, under PyTorch's names: {@code exp_avg} and {@code exp_avg_sq} of Adam, {@code ax},
     * the average, of averaged gradient descent.
     */
    Map<String, ParameterBlock> moments() {
        return moments;
    }

    @Override
    public void close() {
        resources.close();
    }
}
