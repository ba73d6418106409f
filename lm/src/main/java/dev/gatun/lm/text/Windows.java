package dev.gatun.lm.text;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A token stream cut the tutorial's way: into {@code batch} rows of {@code rowLength = size / batch} consecutive ids (the
 * remainder dropped), and each row into windows of {@code seq} ids that start at 0, seq, 2·seq, … below
 * {@code rowLength - seq}. A window's targets are its inputs shifted by one.
 *
 * @param tokens the ids; must stay open while windows are read
 * @param batch rows, at least 1
 * @param seq window length in tokens, at least 1
 */
public record Windows(TokenStream tokens, int batch, int seq) {
    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if a size is below 1 or the text is too short for a window
     */
    public Windows {
        if (batch < 1 || seq < 1) {
            throw new IllegalArgumentException("batch and seq must be at least 1, got " + batch + " and " + seq);
        }
        if (tokens.size() / batch <= seq) {
            throw new IllegalArgumentException("the text has " + tokens.size() + " tokens, too few for one window: " + batch
                    + " rows of " + seq + " tokens and their targets need " + (long) batch * (seq + 1)
                    + "; use a longer text, or a smaller batch or seq");
        }
    }

    /** Returns the ids in a row. */
    public long rowLength() {
        return tokens.size() / batch;
    }

    /** Returns the tutorial's count, {@code rowLength / seq}: the last of them is not run where its targets would end the row. */
    public long nominalCount() {
        return rowLength() / seq;
    }

    /** Returns how many windows an epoch runs: the starts 0, seq, … below {@code rowLength - seq}. */
    public long count() {
        return (rowLength() - seq + seq - 1) / seq;
    }

    /**
     * Copies a window, time-major.
     *
     * @param window in {@code [0, count)}
     * @param inputs receives int32 [seq][batch]
     * @param targets receives int32 [seq][batch]
     */
    public void copy(long window, MemorySegment inputs, MemorySegment targets) {
        if (window < 0 || window >= count()) {
            throw new IndexOutOfBoundsException("window " + window + " of " + count());
        }
        for (int t = 0; t < seq; t++) {
            for (int b = 0; b < batch; b++) {
                long at = b * rowLength() + window * seq + t;
                inputs.setAtIndex(ValueLayout.JAVA_INT, (long) t * batch + b, tokens.id(at));
                targets.setAtIndex(ValueLayout.JAVA_INT, (long) t * batch + b, tokens.id(at + 1));
            }
        }
    }

    /** The corpus facts in one line, as the trainer prints them. */
    public String describe(int vocabulary) {
        return batch + " x " + rowLength() + " tokens a row, vocabulary " + vocabulary + ", " + nominalCount() + " windows an epoch";
    }
}
