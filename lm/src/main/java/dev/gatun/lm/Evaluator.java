package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelCall;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Windows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.DoubleConsumer;

/**
 * Measures how well a model predicts a text, with the layers' state carried from one segment to the next.
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
    private final DeviceBuffer losses; // [seq][batch]
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
            forward = resources.own(new ForwardPass(model, ids.inputs(), seq, batch));
            mean = resources.own(DeviceBuffer.allocateFloats(1));
            losses = resources.own(DeviceBuffer.allocateFloats(tokens));
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
        return evaluate(text, () -> { });
    }

    /**
     * As {@link #evaluate(TokenStream)}, in a batch of 1, and tells the logarithm of each word's probability after all words before.
     *
     * @param logProbabilities takes one number a word, in order, from the second word on: the first one is not predicted
     * @throws IllegalArgumentException if the batch is not 1, the text has fewer than two words, or one that is not in the vocabulary
     */
    public Evaluation score(TokenStream text, DoubleConsumer logProbabilities) {
        Check.that(batch == 1, "scores are told in the order of a text, which needs a batch of 1", batch);
        long[] left = {text.size() - 1};
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(ValueLayout.JAVA_FLOAT, seq);
            return evaluate(text, () -> {
                losses.copyToAsync(host, model.stream());
                model.stream().synchronize();
                for (int t = 0; t < Math.min(seq, left[0]); t++) {
                    logProbabilities.accept(-host.getAtIndex(ValueLayout.JAVA_FLOAT, t));
                }
                left[0] -= seq;
            });
        }
    }

    private Evaluation evaluate(TokenStream text, Runnable afterSegment) {
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
            afterSegment.run();
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
        forward.recur();
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
