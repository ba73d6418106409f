package dev.gatun.host;

import java.util.List;

/** A captured sequence of work, which a launch does again in the same order. */
record HostGraph(List<Runnable> work) implements Runnable {
    @Override
    public synchronized void run() {
        for (int i = 0; i < work.size(); i++) {
            work.get(i).run();
        }
    }
}
