package dev.gatun.examples;

/** Something that shows how training goes while it does. */
interface TrainingView extends MetricsListener, AutoCloseable {
    /** Told after each step was begun, whether or not the device is done with it; waits for nothing. */
    default void stepped() {}

    /** Told, on a thread of its own, when a signal has asked to stop; the step under way is still finished. */
    default void stopping() {}

    /** Told when the last step is done; what is printed from here on is not disturbed. */
    default void trained() {}

    @Override
    default void close() {}
}
