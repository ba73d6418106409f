package dev.gatun.lm.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The layout of the device memory that sgd_prepare and sgd_update share: what a step of stochastic gradient descent needs beside
 * the parameters and their average; offsets are in bytes.
 */
public final class SgdState {
    /** Size in bytes. */
    public static final long BYTES = 32;

    /** float: the learning rate; may be written between steps. */
    public static final long LEARNING_RATE = 0;

    /** float: what a parameter is multiplied by and added to its gradient. */
    public static final long WEIGHT_DECAY = 4;

    /** float: the norm of the last step's gradients, before clipping. */
    public static final long GRAD_NORM = 8;

    /** float: what the last step multiplied its gradients by. */
    public static final long CLIP_SCALE = 12;

    /** float: the weight of the last step's parameters in their average. */
    public static final long AVERAGE_WEIGHT = 16;

    /** int: the steps taken. */
    public static final long STEP = 20;

    /** int: the step after which averaging starts; may be written between steps. */
    public static final long AVERAGING_START = 24;

    /** int: whether the step under way changes nothing, as {@link AdamState#SKIP}. */
    public static final long SKIP = 28;

    private SgdState() {}

    /** Writes the state before the first step into 32 bytes of host memory, to be copied to the device. */
    public static void initialize(MemorySegment state, float learningRate, float weightDecay, int averagingStart) {
        state.asSlice(0, BYTES).fill((byte) 0);
        state.set(ValueLayout.JAVA_FLOAT, LEARNING_RATE, learningRate);
        state.set(ValueLayout.JAVA_FLOAT, WEIGHT_DECAY, weightDecay);
        state.set(ValueLayout.JAVA_INT, AVERAGING_START, averagingStart);
    }
}
