package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Told of every line of a run's metrics, after it was written. */
interface MetricsListener {
    /** Takes a line; it is read, not changed. */
    void line(ObjectNode line);
}
