package dev.gatun.host;

import dev.gatun.host.compute.Gru;
import dev.gatun.host.compute.Lstm;
import dev.gatun.host.compute.SixteenBitRnn;

/**
 * An LSTM or GRU over given sequences: its shape, where its weights lie, and the memory its calls need.
 *
 * @param sixteenBit what computes it where its data are of 16 bits; null for single precision
 * @param scratch bytes of workspace before those that the weights' layout uses
 * @param inferenceWorkspace bytes of workspace in inference; likewise {@code trainingWorkspace}
 * @param reserve bytes of a training forward's reserve space, with the {@link Reserve}'s head
 */
record LstmRun(RnnShape rnn, RnnDataShape data, WeightLayout weights, Lstm.Shape shape, SixteenBitRnn sixteenBit, long scratch,
        long inferenceWorkspace, long trainingWorkspace, long reserve) {
    private static final long LINE = 64;

    static LstmRun of(RnnShape rnn, RnnDataShape data, boolean scattered) {
        Lstm.Shape shape = new Lstm.Shape(data.maxLength(), data.batch(), rnn.inputSize(), rnn.hiddenSize(), rnn.outputSize(),
                rnn.layers(), data.padded() ? data.lengths() : null);
        WeightLayout weights = new WeightLayout(rnn, scattered);
        long inference = rnn.gru() ? Gru.workspaceBytes(shape, false) : Lstm.workspaceBytes(shape, false);
        long training = rnn.gru() ? Gru.workspaceBytes(shape, true) : Lstm.workspaceBytes(shape, true);
        long reserve = rnn.gru() ? Gru.reserveBytes(shape) : Lstm.reserveBytes(shape);
        long scratch = (Math.max(inference, training) + LINE - 1) / LINE * LINE;
        long extra = weights.scratchBytes();
        SixteenBitRnn sixteenBit = rnn.sixteenBit() == null ? null
                : new SixteenBitRnn(rnn.sixteenBit(), rnn.gru(), shape, weights.denseCount());
        return new LstmRun(rnn, data, weights, shape, sixteenBit, scratch, extra == 0 ? inference : scratch + extra,
                extra == 0 ? training : scratch + extra, Reserve.BYTES + reserve + extra);
    }

    long workspace(boolean training) {
        return training ? trainingWorkspace : inferenceWorkspace;
    }
}
