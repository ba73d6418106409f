package dev.gatun.tests.ptx;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Runs kernels, one thread-instruction at a time. A warp's lanes run in lock step where they agree; where they part, those with
 * the lowest program counter go first. A block's warps take turns of random length, and blocks run one after the other in a random
 * order. Memory is sequentially consistent.
 */
final class Machine {
    private static final int MOST_FINDINGS = 20;

    final AddressSpace memory;
    final Shadow.Clock clock = new Shadow.Clock();
    final SplittableRandom random;
    final int approximationUlps;
    private final List<String> findings = new ArrayList<>();
    private long executed;
    private long limit = Long.MAX_VALUE;
    private Traffic traffic;

    /**
     * Makes a machine.
     *
     * @param memory global memory
     * @param seed of the order in which warps and blocks run, and of the approximations
     * @param approximationUlps how far at most the result of an .approx instruction is put from the true one
     */
    Machine(AddressSpace memory, long seed, int approximationUlps) {
        this.memory = memory;
        this.approximationUlps = approximationUlps;
        random = new SplittableRandom(seed);
    }

    /** Stops a launch after this many thread-instructions. */
    void limit(long threadInstructions) {
        limit = threadInstructions;
    }

    /** Counts the memory traffic of the launches that follow, if not null. */
    void traffic(Traffic counters) {
        traffic = counters;
    }

    /**
     * Runs a launch.
     *
     * @param parameters the kernel's parameters as registers hold them
     * @throws Fault if a thread does what would stop it or leave its result open; milder things are {@link #findings}
     */
    void launch(Kernel kernel, int blocks, int threads, long... parameters) {
        if (blocks < 1 || threads < 1 || threads > kernel.maxThreads() || parameters.length != kernel.parameters().size()) {
            throw new Fault(kernel.name() + ": " + blocks + " blocks of " + threads + " threads (at most " + kernel.maxThreads() + "), "
                    + parameters.length + " parameters for " + kernel.parameters());
        }
        clock.beginLaunch(threads);
        executed = 0;
        int[] order = IntStream.range(0, blocks).toArray();
        for (int i = blocks - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int block = order[i];
            order[i] = order[other];
            order[other] = block;
        }
        Launch launch = new Launch(this, kernel, blocks, threads, parameters);
        for (int block : order) {
            clock.beginBlock(block);
            if (traffic != null) {
                traffic.beginBlock();
            }
            Region shared = new Region("shared memory", 0, MemorySegment.ofArray(new byte[kernel.sharedBytes()]), false);
            new Block(launch, block, shared).run();
        }
    }

    /** What a launch was called with. */
    record Launch(Machine machine, Kernel kernel, int blocks, int threads, long[] parameters) {}

    Traffic traffic() {
        return traffic;
    }

    void count(int threadInstructions) {
        executed += threadInstructions;
        if (executed > limit) {
            throw new Fault("stopped after " + limit + " thread-instructions");
        }
    }

    void report(String finding) {
        if (findings.size() < MOST_FINDINGS) {
            findings.add(finding);
        }
    }

    /** Returns what kernels did that they should not; the first ones only, if they are many. */
    List<String> findings() {
        return List.copyOf(findings);
    }
}
