package dev.gatun.host.compute;

/** Batches of sequences of different lengths, [T][N][width]: what stands at their ends, and copies that are zero behind them. */
final class Sequences {
    private Sequences() {}

    /** Copies what stands at each sequence's last step to [L][N][width], or what stood there before the first one. */
    static void last(Lstm.Shape s, int width, int layer, long states, long first, long last) {
        if (last == 0) {
            return;
        }
        long rowBytes = width * Memory.F;
        for (int n = 0; n < s.batch(); n++) {
            long row = ((long) layer * s.batch() + n) * rowBytes;
            if (s.length(n) > 0) {
                Memory.copyFloats(states + ((s.length(n) - 1L) * s.batch() + n) * rowBytes, last + row, width);
            } else if (first != 0) {
                Memory.copyFloats(first + row, last + row, width);
            } else {
                Memory.zeroFloats(last + row, width);
            }
        }
    }

    /** Copies the gradient that came out before the first step to [L][N][width]; for a sequence of no steps, what went in last. */
    static void first(Lstm.Shape s, int width, int layer, long gradients, long last, long first) {
        if (first == 0) {
            return;
        }
        long rowBytes = width * Memory.F;
        for (int n = 0; n < s.batch(); n++) {
            long row = ((long) layer * s.batch() + n) * rowBytes;
            if (s.length(n) > 0) {
                Memory.copyFloats(gradients + n * rowBytes, first + row, width);
            } else if (last != 0) {
                Memory.copyFloats(last + row, first + row, width);
            } else {
                Memory.zeroFloats(first + row, width);
            }
        }
    }

    /** Writes the state before each step: a layer's first one, or zeros where {@code hx} is 0, and the outputs of all but the last. */
    static void statesBefore(Lstm.Shape s, int width, int layer, long hx, long outputs, long statesBefore) {
        long states = (long) s.batch() * width;
        if (hx == 0) {
            Memory.zeroFloats(statesBefore, states);
        } else {
            copyRows(s, width, 1, hx + layer * states * Memory.F, statesBefore);
        }
        copyRows(s, width, s.steps() - 1, outputs, statesBefore + states * Memory.F);
    }

    /** Returns inputs that are finite behind the sequences' ends, where the caller's may be anything. */
    static long cleared(Lstm.Shape s, int width, long inputs, long scratch) {
        if (s.lengths() == null) {
            return inputs;
        }
        copyRows(s, width, s.steps(), inputs, scratch);
        return scratch;
    }

    /** Copies [steps][N][width], with zeros behind the sequences' ends. */
    private static void copyRows(Lstm.Shape s, int width, int steps, long from, long to) {
        if (s.lengths() == null) {
            Memory.copyFloats(from, to, (long) steps * s.batch() * width);
            return;
        }
        for (int t = 0; t < steps; t++) {
            for (int n = 0; n < s.batch(); n++) {
                long row = ((long) t * s.batch() + n) * width * Memory.F;
                if (t < s.length(n)) {
                    Memory.copyFloats(from + row, to + row, width);
                } else {
                    Memory.zeroFloats(to + row, width);
                }
            }
        }
    }
}
