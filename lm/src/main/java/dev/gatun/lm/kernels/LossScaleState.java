package dev.gatun.lm.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The layout of the device memory that update_loss_scale keeps: what gradients are multiplied by on their way through float16. It
 * is on the device so that a captured graph can replay the step; offsets are in bytes.
 */
public final class LossScaleState {
    /** Size in bytes. */
    public static final long BYTES = 16;

    /** float: 1 / scale, and a 0 behind it: alpha and beta of a product whose result is not to be scaled. */
    public static final long INVERSE = 0;

    /** float: the scale. */
    public static final long SCALE = 8;

    /** int: steps without overflow since the scale last changed. */
    public static final long GOOD_STEPS = 12;

    private LossScaleState() {}

    /** Writes the state before the first step into 16 bytes of host memory, to be copied to the device. */
    public static void initialize(MemorySegment state, float scale) {
        state.asSlice(0, BYTES).fill((byte) 0);
        state.set(ValueLayout.JAVA_FLOAT, INVERSE, 1 / scale);
        state.set(ValueLayout.JAVA_FLOAT, SCALE, scale);
    }
}
