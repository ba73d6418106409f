package dev.gatun.host;

/** A piece of work that a stream queues or a graph keeps. */
interface Work {
    /**
     * Checks that the memory it names can be used, and does the work unless only that is wanted.
     *
     * @throws Fault if a pointer does not fit
     */
    void run(boolean checkOnly);

    /** Returns what is to be queued, at each call that enqueues it: a launch of a graph enqueues its pieces again. */
    default Work enqueued() {
        return this;
    }

    /** Called when what {@link #enqueued} returned was done, or was left out because other work had failed. */
    default void finished() {}
}
