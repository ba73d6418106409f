package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs in a JVM of its own with the software device unchecked, for the checks allocate. */
@Tag("unchecked")
class AllocationTest {
    private static final int STEPS = 250;

    /** The first rounds set libraries up and link calls; what only the JVM's compilers remove goes within seconds. */
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** The software device does its work on the calling thread, whose allocations are counted: its share is among them. */
    @ParameterizedTest
    @CsvSource({"LSTM, 1, 0, 0, FP32, false", "LSTM, 1, 0, 0, FP32, true", "LSTM, 2, 0, 0, FP32, false", "LSTM, 2, 0, 0, FP32, true",
            "LSTM, 2, 4, 0, FP32, false", "LSTM, 1, 0, 0.5, FP32, false", "LSTM, 2, 0, 0.5, FP32, false", "LSTM, 2, 0, 0.5, FP32, true",
            "GRU, 1, 0, 0, FP32, false", "GRU, 2, 0, 0, FP32, true", "LSTM, 1, 0, 0, BF16, false", "LSTM, 2, 0, 0, FP16, true"})
    void aTrainingStepAllocatesNothingOnTheHeap(Cell cell, int layers, int projection, float dropout, Precision precision, boolean graph) {
        TrainingOptions options = new TrainingOptions(3, 4, 0.5f, 0.002f, 1, graph).withDropout(dropout).withPrecision(precision);
        try (LanguageModel model = LanguageModel.create(new ModelConfig(11, 5, 7, layers, cell, projection, false), 3);
                Trainer trainer = new Trainer(model, options); Arena arena = Arena.ofConfined()) {
            MemorySegment ids = arena.allocate(ValueLayout.JAVA_INT, 12);
            requireNone(() -> bytesOf(STEPS, () -> {
                trainer.step(ids, ids);
                trainer.loss();
            }));
        }
    }

    /** A text has a beginning of its own, so that a long one is compared with a short one. */
    @ParameterizedTest
    @ValueSource(ints = {0, 3})
    void aSampledWordAllocatesNothingOnTheHeap(int topK) {
        try (LanguageModel model = LanguageModel.create(new ModelConfig(11, 5, 7, 1), 3); Sampler sampler = new Sampler(model)) {
            int[] prompt = {1};
            SamplingOptions options = SamplingOptions.DEFAULT.withTopK(topK);
            Sampler.Listener listener = (row, id) -> true;
            requireNone(() -> bytesOf(1, () -> sampler.sample(prompt, 2 * STEPS, options, listener))
                    - bytesOf(1, () -> sampler.sample(prompt, STEPS, options, listener)));
        }
    }

    private static void requireNone(LongSupplier bytes) {
        long found = bytes.getAsLong();
        for (long start = System.nanoTime(); found != 0 && System.nanoTime() - start < PATIENCE_NANOS; ) {
            found = bytes.getAsLong();
        }
        assertEquals(0, found, "bytes");
    }

    /** Returns the bytes that this thread allocates in so many repetitions. */
    private static long bytesOf(int repetitions, Runnable work) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < repetitions; i++) {
            work.run();
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}
