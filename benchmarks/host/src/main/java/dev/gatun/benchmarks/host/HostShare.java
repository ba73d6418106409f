package dev.gatun.benchmarks.host;

import com.sun.management.ThreadMXBean;
import dev.gatun.device.Device;
import dev.gatun.device.Symbols;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What a training step of the tutorial's model costs its host beside the device's work: time, native calls and Java heap. The device
 * is {@link IdleDevice}. Calls are counted in a process of their own ({@code HostShare calls}), because counting takes time.
 */
public final class HostShare {
    private static final ModelConfig TUTORIAL = new ModelConfig(10_000, 128, 1024, 1);
    private static final int BATCH = 20;
    private static final int SEQ = 30;
    private static final int WARM_UP = 30_000;
    private static final int STEPS = 10_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private HostShare() {}

    /** Prints a table of times, or with the argument {@code calls} one of calls. */
    public static void main(String[] args) {
        Queue<String> calls = new ConcurrentLinkedQueue<>();
        boolean counting = args.length > 0;
        if (counting) {
            Symbols.listen((library, function) -> calls.add(function));
        }
        System.out.println("Java " + Runtime.version() + ", " + Device.current().describe());
        try (LanguageModel model = LanguageModel.create(TUTORIAL, 1); Arena arena = Arena.ofConfined()) {
            MemorySegment ids = arena.allocate(ValueLayout.JAVA_INT, BATCH * SEQ);
            for (boolean graph : new boolean[] {false, true}) {
                TrainingOptions options = new TrainingOptions(BATCH, SEQ, 0.5f, 0.002f, 1, graph);
                try (Trainer trainer = new Trainer(model, options)) {
                    System.out.println((graph ? "with a graph: " : "without a graph: ")
                            + (counting ? calls(trainer, ids, calls) : times(trainer, ids)));
                }
            }
        }
    }

    /** Refuses to count where the device would have worked. */
    private static String calls(Trainer trainer, MemorySegment ids, Queue<String> calls) {
        run(trainer, ids, new long[3]);
        calls.clear();
        run(trainer, ids, new long[10]);
        if (!IdleDevice.STEP.containsAll(calls)) {
            throw new IllegalStateException("a step calls more than " + IdleDevice.STEP + ": " + calls);
        }
        return calls.size() / 10.0 + " native calls a step";
    }

    private static String times(Trainer trainer, MemorySegment ids) {
        run(trainer, ids, new long[WARM_UP]);
        long[] nanos = new long[STEPS];
        long before = THREADS.getCurrentThreadAllocatedBytes();
        run(trainer, ids, nanos);
        long bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
        Arrays.sort(nanos);
        return "median %.2f µs, 99th percentile %.2f µs, %.1f bytes of Java heap a step".formatted(nanos[STEPS / 2] / 1e3,
                nanos[STEPS * 99 / 100] / 1e3, (double) bytes / STEPS);
    }

    private static void run(Trainer trainer, MemorySegment ids, long[] nanos) {
        for (int step = 0; step < nanos.length; step++) {
            long start = System.nanoTime();
            trainer.step(ids, ids);
            nanos[step] = System.nanoTime() - start;
        }
    }
}
