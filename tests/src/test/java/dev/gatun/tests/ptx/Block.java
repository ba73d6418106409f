package dev.gatun.tests.ptx;

import java.util.ArrayList;
import java.util.List;

/** A block of threads: lets its warps take turns, and past a barrier when all threads have come. */
final class Block {
    private static final int LONGEST_TURN = 200;

    private final Machine.Launch launch;
    private final int number;
    private final Region shared;
    private final List<Warp> warps = new ArrayList<>();

    Block(Machine.Launch launch, int number, Region shared) {
        this.launch = launch;
        this.number = number;
        this.shared = shared;
        for (int first = 0; first < launch.threads(); first += Warp.SIZE) {
            warps.add(new Warp(this, first, Math.min(Warp.SIZE, launch.threads() - first)));
        }
    }

    Machine.Launch launch() {
        return launch;
    }

    Region shared() {
        return shared;
    }

    int number() {
        return number;
    }

    void run() {
        List<Warp> ready = new ArrayList<>(warps);
        while (true) {
            ready.removeIf(warp -> !warp.ready());
            if (!ready.isEmpty()) {
                Warp warp = ready.get(launch.machine().random.nextInt(ready.size()));
                warp.run(1 + launch.machine().random.nextInt(LONGEST_TURN));
            } else if (warps.stream().allMatch(Warp::done)) {
                return;
            } else {
                passBarrier();
                ready.addAll(warps);
            }
        }
    }

    private void passBarrier() {
        int place = -1;
        for (Warp warp : warps) {
            int barrier = warp.barrier();
            if (barrier < 0) {
                launch.machine().report(warp.where(0, 0) + ": a barrier is passed that threads of warp " + warp.first() / Warp.SIZE
                        + " never come to");
            } else if (place >= 0 && place != barrier) {
                launch.machine().report(warp.where(barrier, 0) + ": warps meet at different barriers");
            }
            place = Math.max(place, barrier);
        }
        warps.forEach(Warp::passBarrier);
        launch.machine().clock.passBarrier();
    }
}
