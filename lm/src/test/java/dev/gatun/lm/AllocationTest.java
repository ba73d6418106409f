package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs in a JVM of its own with the software device unchecked, for the checks allocate. */
@Tag("unchecked")
class AllocationTest {
    private static final int STEPS = 250;

    /** Calls allocate until the JVM has compiled them, seconds later on a busy machine; only then is there something to see. */
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    /**
     * The software device does its work on the calling thread, and its kernels' twins allocate their tasks: 330 to 600
     * bytes a step were seen, and 2300 before the calls are compiled.
     */
    private static final long BYTES = 800;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTrainingStepAllocatesNothingOnTheHeap(boolean graph) {
        TrainingOptions options = new TrainingOptions(3, 4, 0.5f, 0.002f, 1, graph);
        try (LanguageModel model = LanguageModel.create(new ModelConfig(11, 5, 7, 1), 3);
                Trainer trainer = new Trainer(model, options); Arena arena = Arena.ofConfined()) {
            MemorySegment ids = arena.allocate(ValueLayout.JAVA_INT, 12);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long bytes = Long.MAX_VALUE;
            for (long start = System.nanoTime(); bytes > BYTES && System.nanoTime() - start < PATIENCE_NANOS; ) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int step = 0; step < STEPS; step++) {
                    trainer.step(ids, ids);
                }
                bytes = (threads.getCurrentThreadAllocatedBytes() - before) / STEPS;
            }
            assertTrue(bytes <= BYTES, bytes + " bytes a step");
        }
    }
}
