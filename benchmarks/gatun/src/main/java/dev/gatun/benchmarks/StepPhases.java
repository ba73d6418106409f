package dev.gatun.benchmarks;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import dev.gatun.device.Device;
import dev.gatun.device.Symbols;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Where the time of a training step of the tutorial's model goes on the software device, which does the work of a call before the call
 * returns: a phase lasts from its first call to the next phase's. Rounds of steps alternate with the machine's best, one large product
 * and one large copy, so that both see the same neighbours.
 */
public final class StepPhases {
    private static final ModelConfig TUTORIAL = new ModelConfig(10_000, 128, 1024, 1);
    private static final int BATCH = 20;
    private static final int SEQ = 30;
    private static final int WARM_UP = 100;
    private static final int ROUNDS = 8;
    private static final int STEPS_A_ROUND = 8;

    /** Rows and columns of the matrices of the large product. */
    private static final int PRODUCT = 2048;

    /** Beyond any cache. */
    private static final int COPY_BYTES = 256 << 20;

    private static final double GIGA = 1e9;

    /**
     * A part of a step.
     *
     * @param operations additions and multiplications of its matrix products
     * @param bytes what it reads and writes at least: each operand once, each result once
     * @param calls the C functions that it is made of, in their order
     */
    private record Phase(String name, double operations, double bytes, String... calls) {}

    /** When each native call began. */
    private static final class Calls {
        private final List<String> functions = new ArrayList<>();
        private final List<Long> nanos = new ArrayList<>();

        void add(String function) {
            functions.add(function);
            nanos.add(System.nanoTime());
        }

        void clear() {
            functions.clear();
            nanos.clear();
        }
    }

    private StepPhases() {}

    /** The calls are those of {@code Trainer}, in its order. */
    private static List<Phase> phases() {
        double tokens = (double) BATCH * SEQ;
        double x = tokens * TUTORIAL.embed();
        double y = tokens * TUTORIAL.hidden();
        double logits = tokens * TUTORIAL.vocabulary();
        double linear = (double) TUTORIAL.vocabulary() * TUTORIAL.hidden();
        double embed = (double) TUTORIAL.vocabulary() * TUTORIAL.embed();
        double all = TUTORIAL.parameterCount();
        double lstm = all - linear - embed - TUTORIAL.vocabulary();
        double gates = 2 * tokens * 4 * TUTORIAL.hidden() * (TUTORIAL.embed() + TUTORIAL.hidden());
        double projection = 2 * tokens * linear;
        return List.of(
                phase("word ids to the device", 0, 2 * tokens, "cudaEventSynchronize", "cudaMemcpyAsync", "cudaEventRecord"),
                phase("embedding", 0, 2 * x, "cuLaunchKernel"),
                phase("LSTM forward", gates, lstm + x + y, "cudnnRNNForward"),
                phase("logits", projection, y + linear + logits, "cublasGemmEx"),
                phase("cross-entropy and its gradient, mean", 0, 2 * logits, "cuLaunchKernel", "cuLaunchKernel"),
                phase("gradient of linear.bias", 0, logits, "cuLaunchKernel"),
                phase("gradient of linear.weight", projection, logits + y + linear, "cublasGemmEx"),
                phase("gradient of the LSTM's output", projection, logits + linear + y, "cublasGemmEx"),
                phase("LSTM backward, data", gates, lstm + 2 * y + x, "cudnnRNNBackwardData_v8"),
                phase("LSTM backward, weights", gates, 2 * lstm + x + y, "cudaMemsetAsync", "cudnnRNNBackwardWeights_v8"),
                phase("gradient of embed.weight", 0, embed + 2 * x, "cudaMemsetAsync", "cuLaunchKernel"),
                phase("gradient norm", 0, all, "cuLaunchKernel", "cuLaunchKernel"),
                phase("clip and Adam", 0, 7 * all, "cuLaunchKernel"),
                phase("state carried on", 0, 4 * BATCH * TUTORIAL.hidden(), "cudaMemcpyAsync", "cudaMemcpyAsync"));
    }

    private static Phase phase(String name, double operations, double floats, String... calls) {
        return new Phase(name, operations, floats * Float.BYTES, calls);
    }

    /** Prints a table. */
    public static void main(String[] args) {
        Calls calls = new Calls();
        Symbols.listen((library, function) -> calls.add(function));
        System.out.println("Java " + Runtime.version() + ", " + Device.current().describe());
        List<Phase> phases = phases();
        List<double[]> steps = new ArrayList<>();
        double[] productRates = new double[ROUNDS];
        double[] copyRates = new double[ROUNDS];
        // Single calls: a graph's replay is one.
        TrainingOptions options = new TrainingOptions(BATCH, SEQ, 0.5f, 0.002f, 1, false);
        try (LanguageModel model = LanguageModel.create(TUTORIAL, 1); Trainer trainer = new Trainer(model, options);
                Machine machine = new Machine(); Arena arena = Arena.ofConfined()) {
            int[] drawn = new SplittableRandom(1).ints(BATCH * SEQ, 0, TUTORIAL.vocabulary()).toArray();
            MemorySegment ids = arena.allocateFrom(ValueLayout.JAVA_INT, drawn);
            for (int i = 0; i < WARM_UP; i++) {
                step(trainer, ids, phases, calls);
            }
            for (int round = 0; round < ROUNDS; round++) {
                productRates[round] = machine.productRate();
                for (int i = 0; i < STEPS_A_ROUND; i++) {
                    steps.add(step(trainer, ids, phases, calls));
                }
                copyRates[round] = machine.copyRate();
            }
        }
        print(phases, steps, median(productRates), median(copyRates));
    }

    /** Returns the seconds of each phase. */
    private static double[] step(Trainer trainer, MemorySegment ids, List<Phase> phases, Calls calls) {
        calls.clear();
        trainer.step(ids, ids);
        long end = System.nanoTime();
        double[] seconds = new double[phases.size()];
        int next = 0;
        for (int i = 0; i < seconds.length; i++) {
            List<String> expected = List.of(phases.get(i).calls);
            List<String> found = calls.functions.subList(next, Math.min(next + expected.size(), calls.functions.size()));
            if (!found.equals(expected)) {
                throw new IllegalStateException("\"" + phases.get(i).name + "\" was to call " + expected + ", but the step calls " + found);
            }
            long start = calls.nanos.get(next);
            next += expected.size();
            seconds[i] = ((next < calls.nanos.size() ? calls.nanos.get(next) : end) - start) / GIGA;
        }
        if (next != calls.functions.size()) {
            throw new IllegalStateException("calls beyond the phases: " + calls.functions.subList(next, calls.functions.size()));
        }
        return seconds;
    }

    private static void print(List<Phase> phases, List<double[]> steps, double productRate, double copyRate) {
        System.out.printf("Of %d steps, medians. The machine: %.0f GFLOP/s in a product of %d x %d matrices, %.1f GB/s in a copy.%n%n",
                steps.size(), productRate / GIGA, PRODUCT, PRODUCT, copyRate / GIGA);
        System.out.println("| phase | ms | % of the step | GFLOP/s | GB/s | of what the machine can do |");
        System.out.println("|---|---|---|---|---|---|");
        double all = median(steps.stream().mapToDouble(step -> Arrays.stream(step).sum()).toArray());
        double bound = 0;
        double operations = 0;
        for (int i = 0; i < phases.size(); i++) {
            int phase = i;
            double seconds = median(steps.stream().mapToDouble(step -> step[phase]).toArray());
            Phase p = phases.get(i);
            double computing = p.operations / productRate;
            double moving = p.bytes / copyRate;
            double least = Math.max(computing, moving);
            bound += least;
            operations += p.operations;
            System.out.printf("| %s | %.2f | %.1f | %s | %.1f | %.0f %% of its %s |%n", p.name, seconds * 1e3, 100 * seconds / all,
                    p.operations == 0 ? "" : "%.0f".formatted(p.operations / seconds / GIGA), p.bytes / seconds / GIGA,
                    100 * least / seconds, computing > moving ? "products" : "bandwidth");
        }
        System.out.printf("| all | %.2f | 100.0 | %.0f | | %.0f %% of what all phases together can |%n%n", all * 1e3,
                operations / all / GIGA, 100 * bound / all);
        System.out.printf("%.0f words/s; the step's products come at %.0f %% of the rate of the large one%n", BATCH * SEQ / all,
                100 * operations / all / productRate);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    /** What the machine does at best. */
    private static final class Machine implements AutoCloseable {
        private static final int PRODUCTS = 10;
        private static final int COPIES = 5;

        private final Stream stream = Stream.create();
        private final Blas blas = Blas.create(stream);
        private final DeviceBuffer a = DeviceBuffer.allocateFloats(PRODUCT * PRODUCT);
        private final DeviceBuffer c = DeviceBuffer.allocateFloats(PRODUCT * PRODUCT);
        private final DeviceBuffer from = DeviceBuffer.allocate(COPY_BYTES);
        private final DeviceBuffer to = DeviceBuffer.allocate(COPY_BYTES);

        Machine() {
            from.zeroAsync(stream);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment values = arena.allocate(a.byteSize(), Float.BYTES);
                SplittableRandom random = new SplittableRandom(2);
                for (long i = 0; i < PRODUCT * PRODUCT; i++) {
                    values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble(-1, 1));
                }
                a.copyFrom(values);
            }
        }

        /** Returns operations a second, of the fastest of some products. */
        double productRate() {
            int n = PRODUCT;
            return 2.0 * n * n * n / fastest(PRODUCTS, () -> blas.sgemm(false, false, n, n, n, 1, a, n, a, n, 0, c, n));
        }

        /** Returns bytes read and written a second, of the fastest of some copies. */
        double copyRate() {
            return 2.0 * COPY_BYTES / fastest(COPIES, () -> to.copyFromAsync(from, stream));
        }

        private double fastest(int times, Runnable work) {
            long least = Long.MAX_VALUE;
            for (int i = 0; i < times; i++) {
                long start = System.nanoTime();
                work.run();
                stream.synchronize();
                least = Math.min(least, System.nanoTime() - start);
            }
            return least / GIGA;
        }

        @Override
        public void close() {
            to.close();
            from.close();
            c.close();
            a.close();
            blas.close();
            stream.close();
        }
    }
}
