package dev.gatun.host;

/**
 * What {@code cudnnSetDropoutDescriptor} sets.
 *
 * @param states the device address of the generator's state: the seed, and a counter that each training forward advances
 */
record DropoutShape(float probability, long states, long stateBytes, long seed) {
    /** The size that {@code cudnnDropoutGetStatesSize} reports. */
    static final long STATE_BYTES = 256;

    static final long SEED = 0;
    static final long COUNTER = 8;
}
