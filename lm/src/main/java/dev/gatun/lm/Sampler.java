package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Graph;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.Stream;
import dev.gatun.lm.kernels.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntConsumer;

/**
 * Writes texts with a model, the tutorial's way: from a zero state and a first word drawn evenly from the vocabulary, which is
 * not part of the text, each next word is drawn from the model's distribution and read back as the next input.
 *
 * <p>A drawn word stays on the device, where it is the next input; the host reads {@value #READ_EVERY} words at a time. Draws
 * come from Philox4x32-10, so that a text depends on the parameters, seed and temperature alone. Not thread-safe.
 */
public final class Sampler implements AutoCloseable {
    private static final int READ_EVERY = 100;
    private static final int ROWS = 1;

    private final Resources resources = new Resources();
    private final LanguageModel model;
    private final Stream stream;
    private final int vocabulary;
    private final DeviceBuffer id; // int32 [1], the last word
    private final DeviceBuffer counter; // int64 [1], words drawn so far
    private final ForwardPass forward;
    private final KernelCall advance;

    /**
     * Prepares sampling.
     *
     * @param model what writes; must be closed after this sampler
     */
    public Sampler(LanguageModel model) {
        this.model = model;
        stream = model.stream();
        vocabulary = model.config().vocabulary();
        try {
            id = resources.own(DeviceBuffer.allocate(Integer.BYTES));
            counter = resources.own(DeviceBuffer.allocate(Long.BYTES));
            forward = resources.own(new ForwardPass(model, id, 1, ROWS, false));
            advance = model.kernels().advance(counter);
            resources.own(stream::synchronize);
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /**
     * Writes a text from its beginning.
     *
     * @param words how many words, at least 1
     * @param temperature what logits are divided by: 1 for the model's own distribution, less for a text of likelier words
     * @param seed another seed gives another text
     * @param text takes the ids of the words, in order
     * @throws IllegalArgumentException if {@code words} is below 1, or {@code temperature} is not a positive finite number
     */
    public void sample(int words, float temperature, long seed, IntConsumer text) {
        Check.atLeast(1, words, "words");
        Check.that(temperature > 0 && temperature < Float.POSITIVE_INFINITY, "the temperature must be a positive finite number",
                temperature);
        try (Resources call = new Resources(); Arena arena = Arena.ofConfined()) {
            DeviceBuffer history = call.own(DeviceBuffer.allocate((long) Integer.BYTES * words)); // int32 [words]
            KernelCall sample = model.kernels().sample(id, history, counter, forward.logits, model.parameters().linearBias(), ROWS,
                    vocabulary, temperature, seed);
            MemorySegment host = arena.allocate(ValueLayout.JAVA_INT, READ_EVERY);
            begin(seed, host);
            // Once as single calls, because cuBLAS and cuDNN set themselves up on first use, which cannot be recorded.
            enqueueWord(sample);
            Graph word = call.own(stream.capture(() -> enqueueWord(sample)));
            int enqueued = 1;
            for (int done = 0; done < words; ) {
                int upTo = Math.min(words, done + READ_EVERY);
                for (; enqueued < upTo; enqueued++) {
                    word.launch(stream);
                }
                MemorySegment read = host.asSlice(0, (long) Integer.BYTES * (upTo - done));
                history.slice((long) Integer.BYTES * done, read.byteSize()).copyToAsync(read, stream);
                stream.synchronize();
                for (int i = 0; i < upTo - done; i++) {
                    text.accept(read.getAtIndex(ValueLayout.JAVA_INT, i));
                }
                done = upTo;
            }
        }
    }

    private void begin(long seed, MemorySegment host) {
        forward.resetState();
        counter.zeroAsync(stream);
        host.set(ValueLayout.JAVA_INT, 0, firstWord(seed, vocabulary));
        id.copyFromAsync(host.asSlice(0, Integer.BYTES), stream);
        stream.synchronize();
    }

    /**
     * A word of the vocabulary, each as likely as the other: the high word of a 32-bit draw times the number of words. The draws
     * of the kernel have 0 where this one has the counter's last 1.
     */
    static int firstWord(long seed, int vocabulary) {
        return (int) (Integer.toUnsignedLong(Philox.firstWord(0, 0, 0, 1, seed)) * vocabulary >>> Integer.SIZE);
    }

    private void enqueueWord(KernelCall sample) {
        forward.embed(); //            x [1][1][E] = embed.weight [V][E] at id [1]
        forward.lstm(); //             y [1][1][H], hy and cy [L][1][H] = LSTM of x, hx and cx
        forward.project(); //          logits [1][V] = y [1][H] · linear.weight [V][H]ᵀ
        sample.launch(stream); //      id [1], also history [counter]
        advance.launch(stream); //     counter [1] += 1
        forward.carryState(); //       hx, cx = hy, cy
    }

    /** Frees the sampler's device memory, not the model; further calls do nothing. */
    @Override
    public void close() {
        resources.close();
    }
}
