package dev.gatun.lm.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The layout of the device memory that sample and sampling_floor read: what draws depend on beside the logits. It is on the device
 * so that one captured graph serves every text; offsets are in bytes.
 */
public final class SamplingState {
    /** Size in bytes. */
    public static final long BYTES = 32;

    /** long: the words drawn so far, which the kernel advance counts. */
    public static final long COUNTER = 0;

    /** long: the key of the random numbers. */
    public static final long SEED = 8;

    /** float: what logits are divided by; 0 for the likeliest word, always. */
    public static final long TEMPERATURE = 16;

    /** float: the share of the probability that the likeliest words keep; 1 for all words. */
    public static final long TOP_P = 20;

    /** int: how many of the likeliest words are kept; 0 for all. */
    public static final long TOP_K = 24;

    /** int: rows of words that the history holds. */
    public static final long CAPACITY = 28;

    private SamplingState() {}

    /** Writes the state before the first word into 32 bytes of host memory, to be copied to the device. */
    public static void initialize(MemorySegment state, long seed, float temperature, int topK, float topP, int capacity) {
        state.set(ValueLayout.JAVA_LONG, COUNTER, 0);
        state.set(ValueLayout.JAVA_LONG, SEED, seed);
        state.set(ValueLayout.JAVA_FLOAT, TEMPERATURE, temperature);
        state.set(ValueLayout.JAVA_FLOAT, TOP_P, topP);
        state.set(ValueLayout.JAVA_INT, TOP_K, topK);
        state.set(ValueLayout.JAVA_INT, CAPACITY, capacity);
    }
}
