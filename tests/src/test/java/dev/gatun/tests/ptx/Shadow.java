package dev.gatun.tests.ptx;

import java.util.Arrays;

/**
 * What is known of each {@link Region#UNIT} of a region, here called a word: whether it was written, and who read and wrote it
 * last, so that accesses that nothing orders are found. Two threads' accesses to a word race if one of them writes, not both are
 * atomic, and they are of different blocks, or of the same block with no barrier between them. Of a word's readers the last one is
 * kept, or that there were several.
 */
final class Shadow {
    /** How a word is accessed. */
    enum Access { READ, NON_COHERENT_READ, WRITE, ATOMIC }

    private static final int SEVERAL_BLOCKS = Integer.MIN_VALUE;

    private final boolean[] initialised;
    private final boolean[] atomic;
    private final int[] writer;
    private final int[] writeEpoch;
    private final int[] reader;
    private final int[] readEpoch;
    private final int[] nonCoherentEpoch;

    Shadow(int words, boolean allInitialised) {
        initialised = new boolean[words];
        atomic = new boolean[words];
        writer = new int[words];
        writeEpoch = new int[words];
        reader = new int[words];
        readEpoch = new int[words];
        nonCoherentEpoch = new int[words];
        Arrays.fill(initialised, allInitialised);
    }

    void initialiseAll() {
        Arrays.fill(initialised, true);
    }

    /** Notes an access by the thread that {@code clock} names, and returns what is wrong with it, or null. */
    String note(int word, Access access, Clock clock) {
        boolean writes = access == Access.WRITE || access == Access.ATOMIC;
        String problem = null;
        if (access != Access.WRITE && !initialised[word]) {
            problem = "reads an uninitialised word";
        } else if (writer[word] != 0 && !(access == Access.ATOMIC && atomic[word]) && clock.unordered(writer[word], writeEpoch[word])) {
            problem = "races with a write by " + clock.name(writer[word]);
        } else if (writes && reader[word] != 0 && clock.unordered(reader[word], readEpoch[word])) {
            problem = "races with a read by " + clock.name(reader[word]);
        } else if (writes && nonCoherentEpoch[word] >= clock.launch) {
            problem = "writes what ld.global.nc read in this launch";
        } else if (access == Access.NON_COHERENT_READ && writer[word] != 0 && writeEpoch[word] >= clock.launch) {
            problem = "reads by ld.global.nc what was written in this launch";
        }
        if (writes) {
            initialised[word] |= access == Access.WRITE;
            atomic[word] = access == Access.ATOMIC;
            writer[word] = clock.thread;
            writeEpoch[word] = clock.barrier;
        } else {
            noteRead(word, clock);
            nonCoherentEpoch[word] = access == Access.NON_COHERENT_READ ? clock.barrier : nonCoherentEpoch[word];
        }
        return problem;
    }

    private void noteRead(int word, Clock clock) {
        int last = reader[word];
        boolean thisLaunch = last != 0 && readEpoch[word] >= clock.launch;
        if (thisLaunch && clock.blockOf(last) != clock.block) {
            reader[word] = SEVERAL_BLOCKS;
        } else if (thisLaunch && last != clock.thread && readEpoch[word] >= clock.barrier) {
            reader[word] = -(clock.block + 2);
        } else {
            reader[word] = clock.thread;
        }
        readEpoch[word] = clock.barrier;
    }

    /** The time, which launches and barriers advance, and the thread that runs now. */
    static final class Clock {
        private int now;
        private int launch;
        private int barrier;
        private int block;
        private int blockSize;

        /** The thread, counted from 1 over the whole grid; negative for all threads of a block. */
        private int thread;

        void beginLaunch(int threadsOfABlock) {
            blockSize = threadsOfABlock;
            launch = ++now;
            barrier = now;
        }

        void beginBlock(int number) {
            block = number;
            passBarrier();
        }

        void passBarrier() {
            barrier = ++now;
        }

        void run(int threadOfBlock) {
            thread = block * blockSize + threadOfBlock + 1;
        }

        private int blockOf(int other) {
            return other > 0 ? (other - 1) / blockSize : other == SEVERAL_BLOCKS ? -1 : -other - 2;
        }

        private boolean unordered(int other, int epoch) {
            return other != thread && epoch >= launch && (blockOf(other) != block || epoch >= barrier);
        }

        private String name(int other) {
            return other > 0 ? "block " + blockOf(other) + " thread " + (other - 1) % blockSize : "several threads";
        }
    }
}
