package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Event;
import dev.gatun.cuda.Graph;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.PinnedBuffer;
import dev.gatun.cuda.Stream;
import dev.gatun.lm.kernels.Philox;
import dev.gatun.lm.kernels.SamplingState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Draws words for a number of rows, N, at once. A drawn word stays on the device, where it is the next input, and goes into a ring
 * that the host reads stretches of. A word's work is captured once, and launched again for every word of every text.
 */
final class SamplingPass implements AutoCloseable {
    /** The most words of a row that {@link #enqueue} draws. */
    static final int STRETCH = 64;

    /** One stretch is read while the next one is drawn. */
    private static final int CAPACITY = 2 * STRETCH;

    final int rows;
    private final Resources resources = new Resources();
    private final LanguageModel model;
    private final Stream stream;
    private final DeviceBuffer ids; // int32 [N], the last words
    private final DeviceBuffer state; // SamplingState
    private final DeviceBuffer history; // int32 [CAPACITY][N]
    private final PinnedBuffer words; // int32 [CAPACITY][N], of history
    private final ForwardPass forward;
    private final KernelCall floor;
    private final KernelCall drawAll;
    private final KernelCall drawAboveFloor;
    private final KernelCall advance;
    private Graph all;
    private Graph aboveFloor;
    private boolean limited;

    /** What {@link #enqueue} has read, by the place of its first word, for it soon reads the same again and again. */
    private final Stretch[] stretches = new Stretch[CAPACITY];

    private record Stretch(int count, DeviceBuffer device, MemorySegment host) {}

    SamplingPass(LanguageModel model, int rows) {
        this.model = model;
        this.rows = rows;
        stream = model.stream();
        int vocabulary = model.config().vocabulary();
        long ringBytes = (long) CAPACITY * rows * Integer.BYTES;
        try {
            ids = resources.own(DeviceBuffer.allocate((long) rows * Integer.BYTES));
            state = resources.own(DeviceBuffer.allocate(SamplingState.BYTES));
            history = resources.own(DeviceBuffer.allocate(ringBytes));
            words = resources.own(PinnedBuffer.allocate(ringBytes));
            forward = resources.own(new ForwardPass(model, ids, 1, rows));
            DeviceBuffer floors = resources.own(DeviceBuffer.allocateFloats(rows));
            DeviceBuffer bias = model.parameters().linearBias();
            Kernels kernels = model.kernels();
            floor = kernels.samplingFloor(floors, state, forward.logits, bias, rows, vocabulary);
            drawAll = kernels.sample(ids, history, state, forward.logits, bias, null, rows, vocabulary);
            drawAboveFloor = kernels.sample(ids, history, state, forward.logits, bias, floors, rows, vocabulary);
            advance = kernels.advance(state.slice(SamplingState.COUNTER, Long.BYTES));
            resources.own(stream::synchronize);
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /** Begins the texts: reads the prompt in all rows or, where it is empty, a word that is drawn evenly for each. */
    void begin(int[] prompt, SamplingOptions options) {
        limited = options.limited();
        int vocabulary = model.config().vocabulary();
        int length = Math.max(1, prompt.length);
        try (Arena arena = Arena.ofConfined(); Resources call = new Resources()) {
            MemorySegment first = arena.allocate(SamplingState.BYTES, Long.BYTES);
            SamplingState.initialize(first, options.seed(), options.greedy() ? 0 : options.temperature(), options.topK(), options.topP(),
                    CAPACITY);
            state.copyFromAsync(first, stream);
            MemorySegment inputs = arena.allocate(ValueLayout.JAVA_INT, (long) length * rows); // [length][N]
            for (int i = 0; i < length * rows; i++) {
                int word = prompt.length > 0 ? prompt[i / rows] : firstWord(options.seed(), i, vocabulary);
                inputs.setAtIndex(ValueLayout.JAVA_INT, i, word);
            }
            DeviceBuffer device = call.own(DeviceBuffer.allocate(inputs.byteSize()));
            device.copyFromAsync(inputs, stream);
            forward.resetState();
            for (int i = 0; i < length; i++) {
                ids.copyFromAsync(device.slice((long) i * rows * Integer.BYTES, (long) rows * Integer.BYTES), stream);
                if (i < length - 1) {
                    forward.embed();
                    forward.recur();
                    forward.carryState();
                }
            }
            stream.synchronize();
        }
    }

    /**
     * A word of the vocabulary, each as likely as the other: the high word of a 32-bit draw times the number of words. The draws
     * of the kernel never have the counter's last word, all ones.
     */
    static int firstWord(long seed, int row, int vocabulary) {
        return (int) (Integer.toUnsignedLong(Philox.firstWord(0, 0, row, -1, seed)) * vocabulary >>> Integer.SIZE);
    }

    /** Returns how many words, at most {@code wanted}, can be drawn from word {@code first} on and read in one piece. */
    static int stretch(long first, long wanted) {
        return (int) Math.min(Math.min(STRETCH, wanted), CAPACITY - first % CAPACITY);
    }

    /** Enqueues the words {@code [first, first + count)} of every row, and their copy to the host, which the event marks. */
    void enqueue(long first, int count, Event copied) {
        for (int i = 0; i < count; i++) {
            enqueueWord();
        }
        Stretch stretch = stretchAt((int) (first % CAPACITY), count);
        stretch.device.copyToAsync(stretch.host, stream);
        copied.record(stream);
    }

    private Stretch stretchAt(int place, int count) {
        if (stretches[place] == null || stretches[place].count != count) {
            long start = (long) place * rows * Integer.BYTES;
            long bytes = (long) count * rows * Integer.BYTES;
            stretches[place] = new Stretch(count, history.slice(start, bytes), words.segment().asSlice(start, bytes));
        }
        return stretches[place];
    }

    /** Returns word {@code position} of a row, once the copy that holds it is done. */
    int word(long position, int row) {
        return words.segment().getAtIndex(ValueLayout.JAVA_INT, position % CAPACITY * rows + row);
    }

    private void enqueueWord() {
        Graph graph = limited ? aboveFloor : all;
        if (graph != null) {
            graph.launch(stream);
            return;
        }
        // Once as single calls, because cuBLAS and cuDNN set themselves up on first use, which cannot be recorded.
        enqueueCalls();
        if (limited) {
            aboveFloor = resources.own(stream.capture(this::enqueueCalls));
        } else {
            all = resources.own(stream.capture(this::enqueueCalls));
        }
    }

    private void enqueueCalls() {
        forward.embed(); //            x [1][N][E] = embed.weight [V][E] at ids [N]
        forward.recur(); //             y [1][N][H], hy and cy [L][N][H] = LSTM of x, hx and cx
        forward.project(); //          logits [N][V] = y [N][H] · linear.weight [V][H]ᵀ
        if (limited) {
            floor.launch(stream); //   floors [N] of logits and bias, by top-k and top-p
            drawAboveFloor.launch(stream);
        } else {
            drawAll.launch(stream); // ids [N], also history [counter % CAPACITY]
        }
        advance.launch(stream); //     counter [1] += 1
        forward.carryState(); //       hx, cx = hy, cy
    }

    @Override
    public void close() {
        resources.close();
    }
}
