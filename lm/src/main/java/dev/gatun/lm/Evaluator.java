package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelCall;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Windows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Measures how well a model predicts a text, with the LSTM's state carried from one segment to the next.
 *
 * <p>Not thread-safe; shares the model's stream, so that it sees the parameters as all steps enqueued before leave them.
 */
public final class Evaluator implements AutoCloseable {
    /** Outside any vocabulary: the loss kernel gives such a target no loss. */
    private static final int NO_TARGET = -1;

    private final Resources resources = new Resources();
    private final LanguageModel model;
    private final int batch;
    private final int seq;
    private final int vocabulary;
    private final IdUpload ids; // int32 inputs [seq][batch], targets [seq][batch]
    private final ForwardPass forward;
    private final DeviceBuffer mean; // [1]
    private final KernelCall crossEntropy;
    private final KernelCall meanLoss;

    /**
     * Prepares evaluation.
     *
     * @param model what is measured; must be closed after this evaluator
     * @param batch rows of text read side by side
     * @param seq tokens a row advances by at once; of no influence on the result but for rounding
     * @throws IllegalArgumentException if a size is below 1
     */
    public Evaluator(LanguageModel model, int batch, int seq) {
        Check.atLeast(1, batch, "batch");
        Check.atLeast(1, seq, "seq");
        Check.fitsInt((long) batch * seq, "batch * seq");
        this.model = model;
        this.batch = batch;
        this.seq = seq;
        vocabulary = model.config().vocabulary();
        int tokens = batch * seq;
        try {
            ids = resources.own(new IdUpload(seq, batch, model.stream()));
            forward = resources.own(new ForwardPass(model, ids.inputs(), seq, batch, false));
            mean = resources.own(DeviceBuffer.allocateFloats(1));
            DeviceBuffer losses = resources.own(DeviceBuffer.allocateFloats(tokens));
            crossEntropy = model.kernels().crossEntropyLoss(forward.logits, losses, model.parameters().linearBias(), ids.targets(),
                    tokens, vocabulary);
            meanLoss = model.kernels().mean(mean, losses, tokens);
            resources.own(model.stream()::synchronize);
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /**
     * Predicts every word of a text but its first, each once. The text is cut into {@code batch} rows of equal length, the last
     * ones shorter where it does not divide; each row begins with a zero state, so that a batch of 1 is the exact measure.
     *
     * @throws IllegalArgumentException if the text has fewer than two words, or one that is not in the vocabulary
     */
    public Evaluation evaluate(TokenStream text) {
        long predictions = text.size() - 1;
        Check.that(predictions >= 1, "a text to evaluate needs at least two words", text.size());
        long rowLength = Math.ceilDiv(predictions, (long) batch);
        double loss = 0;
        forward.resetState();
        for (long start = 0; start < rowLength; start += seq) {
            MemorySegment segment = ids.beginSend();
            for (int t = 0; t < seq; t++) {
                for (int b = 0; b < batch; b++) {
                    long position = b * rowLength + start + t;
                    boolean inside = start + t < rowLength && position < predictions;
                    put(segment, t, b, inside ? id(text, position) : 0, inside ? id(text, position + 1) : NO_TARGET);
                }
            }
            ids.endSend();
            loss += segmentLoss();
        }
        return new Evaluation(predictions, loss / predictions);
    }

    /**
     * Predicts the windows that the tutorial trains on: the mean of their losses, without updates.
     *
     * @throws IllegalArgumentException if the windows are of another batch or seq, or a word is not in the vocabulary
     */
    public Evaluation evaluate(Windows windows) {
        Check.that(windows.batch() == batch && windows.seq() == seq, "the windows must be of batch " + batch + " and seq " + seq,
                windows.batch() + " and " + windows.seq());
        double loss = 0;
        forward.resetState();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment inputs = arena.allocate(ValueLayout.JAVA_INT, (long) seq * batch);
            MemorySegment targets = arena.allocate(ValueLayout.JAVA_INT, (long) seq * batch);
            for (long window = 0; window < windows.count(); window++) {
                windows.copy(window, inputs, targets);
                ids.send(inputs, targets, vocabulary);
                loss += segmentLoss();
            }
        }
        long predictions = windows.count() * seq * batch;
        return new Evaluation(predictions, loss / predictions);
    }

    private int id(TokenStream text, long position) {
        int id = text.id(position);
        if (id >= vocabulary) {
            throw new IllegalArgumentException("the text holds the word id " + id + " at index " + position + ": the model knows "
                    + vocabulary + " words, was the text read with its vocabulary?");
        }
        return id;
    }

    private void put(MemorySegment segment, int t, int b, int input, int target) {
        long index = (long) t * batch + b;
        segment.setAtIndex(ValueLayout.JAVA_INT, index, input);
        segment.setAtIndex(ValueLayout.JAVA_INT, (long) seq * batch + index, target);
    }

    /** Runs the segment that was sent and returns the sum of its losses. */
    private double segmentLoss() {
        forward.embed();
        forward.lstm();
        forward.project();
        crossEntropy.launch(model.stream());
        meanLoss.launch(model.stream());
        forward.carryState();
        return (double) model.read(mean) * seq * batch;
    }

    /** Frees the evaluator's device memory, not the model; further calls do nothing. */
    @Override
    public void close() {
        resources.close();
    }
}
