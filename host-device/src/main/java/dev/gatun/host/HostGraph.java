package dev.gatun.host;

import java.util.List;

/** A captured sequence of work, which a launch does again in the same order: one in which all that it depended on comes first. */
record HostGraph(List<Work> work) implements Work {
    @Override
    public synchronized void run(boolean checkOnly) {
        for (int i = 0; i < work.size(); i++) {
            work.get(i).run(checkOnly);
        }
    }

    @Override
    public Work enqueued() {
        return new HostGraph(work.stream().map(Work::enqueued).toList());
    }

    @Override
    public void finished() {
        work.forEach(Work::finished);
    }
}
