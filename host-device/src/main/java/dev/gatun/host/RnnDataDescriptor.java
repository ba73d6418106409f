package dev.gatun.host;

/** An RNN data descriptor; it keeps what it worked out last for a network, so that a steady loop makes nothing anew. */
final class RnnDataDescriptor extends Descriptor<RnnDataShape> {
    private LstmRun last;

    /** Returns the run of a network over this descriptor's sequences; {@code scattered} never changes in a process. */
    LstmRun lstm(RnnShape rnn, boolean scattered) {
        LstmRun run = last;
        if (run == null || run.rnn() != rnn || run.data() != value()) {
            run = LstmRun.of(rnn, value(), scattered);
            last = run;
        }
        return run;
    }
}
