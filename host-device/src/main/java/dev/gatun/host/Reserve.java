package dev.gatun.host;

import java.util.Arrays;

/**
 * The head of a reserve space: what the training forward that filled it was, and what has been done with it since. It lies in
 * device memory, as cuDNN's own state does, so that it holds for replayed graphs and copied reserves too.
 *
 * <p>In checked mode it also remembers what was in the buffers that the backward calls must be given unchanged.
 */
final class Reserve {
    /** A multiple of the cache line, so that the arrays behind it stay aligned. */
    static final long BYTES = 128;

    /** What a buffer held that was NULL. */
    private static final long NOTHING = 0;

    private static final long FORWARD_DONE = 0x67_6174_756E_0001L;
    private static final long DATA_DONE = 0x67_6174_756E_0002L;

    private static final int STAGE = 0;
    private static final int SHAPE = 8;
    private static final int SEED = 16;
    private static final int COUNTER = 24;
    private static final int X = 32;
    private static final int Y = 40;
    private static final int HX = 48;
    private static final int CX = 56;
    private static final int WEIGHTS = 64;

    private Reserve() {}

    static void forwardBegins(long reserve, RnnShape rnn, RnnDataShape data, long seed, long counter) {
        Native.putLong(reserve + STAGE, 0);
        Native.putLong(reserve + SHAPE, shape(rnn, data));
        Native.putLong(reserve + SEED, seed);
        Native.putLong(reserve + COUNTER, counter);
    }

    static void forwardDone(long reserve) {
        Native.putLong(reserve + STAGE, FORWARD_DONE);
    }

    static void dataDone(long reserve) {
        Native.putLong(reserve + STAGE, DATA_DONE);
    }

    static long seed(long reserve) {
        return Native.getLong(reserve + SEED);
    }

    static long counter(long reserve) {
        return Native.getLong(reserve + COUNTER);
    }

    static void requireForwardDone(long reserve, RnnShape rnn, RnnDataShape data, String function) {
        long stage = Native.getLong(reserve + STAGE);
        if (stage == DATA_DONE) {
            throw Fault.invalid(function + ": reserveSpace was used by a cudnnRNNBackwardData_v8 before, which changes it;"
                    + " each needs a cudnnRNNForward of its own");
        }
        if (stage != FORWARD_DONE) {
            throw Fault.invalid(function + ": reserveSpace was not filled by a cudnnRNNForward in training mode");
        }
        requireShape(reserve, rnn, data, function);
    }

    static void requireDataDone(long reserve, RnnShape rnn, RnnDataShape data, String function) {
        long stage = Native.getLong(reserve + STAGE);
        if (stage != DATA_DONE) {
            throw Fault.invalid(function + ": " + (stage == FORWARD_DONE ? "cudnnRNNBackwardData_v8 must come first"
                    : "reserveSpace was not filled by a cudnnRNNForward in training mode"));
        }
        requireShape(reserve, rnn, data, function);
    }

    private static void requireShape(long reserve, RnnShape rnn, RnnDataShape data, String function) {
        if (Native.getLong(reserve + SHAPE) != shape(rnn, data)) {
            throw Fault.invalid(function + ": reserveSpace was filled by a cudnnRNNForward of another shape");
        }
    }

    /** Remembers what the backward calls must find again; a real address of 0 stands for NULL. */
    static void rememberInputs(long reserve, long x, long xBytes, long hx, long hxBytes, long cx, long cxBytes, long weights,
            long weightBytes) {
        Native.putLong(reserve + X, fingerprint(x, xBytes));
        Native.putLong(reserve + HX, fingerprint(hx, hxBytes));
        Native.putLong(reserve + CX, fingerprint(cx, cxBytes));
        Native.putLong(reserve + WEIGHTS, fingerprint(weights, weightBytes));
    }

    static void rememberOutput(long reserve, long y, long bytes) {
        Native.putLong(reserve + Y, fingerprint(y, bytes));
    }

    static void requireSameX(long reserve, long x, long bytes, String function) {
        requireSame(reserve + X, x, bytes, function, "x");
    }

    static void requireSameY(long reserve, long y, long bytes, String function) {
        requireSame(reserve + Y, y, bytes, function, "y");
    }

    static void requireSameHx(long reserve, long hx, long bytes, String function) {
        requireSame(reserve + HX, hx, bytes, function, "hx");
    }

    static void requireSameCx(long reserve, long cx, long bytes, String function) {
        requireSame(reserve + CX, cx, bytes, function, "cx");
    }

    static void requireSameWeights(long reserve, long weights, long bytes, String function) {
        requireSame(reserve + WEIGHTS, weights, bytes, function, "weightSpace");
    }

    private static void requireSame(long remembered, long real, long bytes, String function, String argument) {
        if (Native.getLong(remembered) != fingerprint(real, bytes)) {
            throw Fault.invalid(function + ": " + argument + " does not hold what cudnnRNNForward was given or wrote;"
                    + " it must stay unchanged until the backward calls");
        }
    }

    private static long shape(RnnShape rnn, RnnDataShape data) {
        long hash = 31L * data.maxLength() + data.batch();
        hash = 31 * (31 * (31 * hash + rnn.dataType()) + rnn.inputSize()) + rnn.hiddenSize();
        hash = 31 * (31 * hash + rnn.layers()) + rnn.cell();
        return 31 * (31 * hash + rnn.outputSize()) + Arrays.hashCode(data.lengths());
    }

    private static long fingerprint(long real, long bytes) {
        return real == 0 ? NOTHING : Native.hash(real, bytes);
    }
}
