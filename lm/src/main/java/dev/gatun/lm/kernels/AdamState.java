package dev.gatun.lm.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The layout of the device memory that adam_prepare and adam_update share: what a step of Adam (Kingma and Ba, 2015) needs beside
 * the parameters. It is on the device so that a captured graph can replay the step; offsets are in bytes.
 */
public final class AdamState {
    /** Size in bytes. */
    public static final long BYTES = 64;

    /** double: beta1 to the power of the steps taken. */
    public static final long BETA1_POWER = 0;

    /** double: beta2 to the power of the steps taken. */
    public static final long BETA2_POWER = 8;

    /** float: the learning rate; may be written between steps. */
    public static final long LEARNING_RATE = 16;

    /** float: the decay of the first moment. */
    public static final long BETA1 = 20;

    /** float: the decay of the second moment. */
    public static final long BETA2 = 24;

    /** float: what keeps the denominator from zero. */
    public static final long EPSILON = 28;

    /** float: the norm of the last step's gradients, before clipping. */
    public static final long GRAD_NORM = 32;

    /** float: what the last step multiplied its gradients by. */
    public static final long CLIP_SCALE = 36;

    /** float: learning rate / (1 - beta1^step). */
    public static final long STEP_SIZE = 40;

    /** float: 1 / sqrt(1 - beta2^step). */
    public static final long INV_SQRT_BIAS2 = 44;

    /** int: the steps taken. */
    public static final long STEP = 48;

    /** int: whether the step under way changes nothing; update_loss_scale writes it, and it is 0 without loss scaling. */
    public static final long SKIP = 52;

    /** float: the decoupled weight decay. */
    public static final long WEIGHT_DECAY = 56;

    /** float: 1 - learning rate * weight decay. */
    public static final long KEEP = 60;

    private AdamState() {}

    /** Writes the state before the first step into 64 bytes of host memory, to be copied to the device. */
    public static void initialize(MemorySegment state, float learningRate, float beta1, float beta2, float epsilon, float weightDecay) {
        state.asSlice(0, BYTES).fill((byte) 0);
        state.set(ValueLayout.JAVA_DOUBLE, BETA1_POWER, 1);
        state.set(ValueLayout.JAVA_DOUBLE, BETA2_POWER, 1);
        state.set(ValueLayout.JAVA_FLOAT, LEARNING_RATE, learningRate);
        state.set(ValueLayout.JAVA_FLOAT, BETA1, beta1);
        state.set(ValueLayout.JAVA_FLOAT, BETA2, beta2);
        state.set(ValueLayout.JAVA_FLOAT, EPSILON, epsilon);
        state.set(ValueLayout.JAVA_FLOAT, WEIGHT_DECAY, weightDecay);
    }
}
