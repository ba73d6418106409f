package dev.gatun.examples.doctor;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * Measures how fast the device trains a model of one shape, and, to set beside it, what it does at best: one large product, one
 * large copy.
 *
 * @param productSize rows and columns of the matrices multiplied alone
 * @param copyBytes bytes copied alone
 * @param seconds how long to train; a product and a copy alone take a quarter of that each
 */
record Speed(ModelConfig config, int batch, int seq, int productSize, int copyBytes, double seconds) {
    /** The tutorial's model on the Penn Treebank; the copy is larger than any cache. */
    static final Speed TUTORIAL = new Speed(new ModelConfig(10000, 128, 1024, 1), 20, 30, 2048, 256 << 20, 4);

    private static final double GIGA = 1e9;

    /**
     * What was measured.
     *
     * @param wordsPerSecond words trained on
     * @param stepSeconds time of a step
     * @param stepOperations additions and multiplications in a step's matrix products
     * @param stepBytes the least memory traffic of a step: every call reads each operand once and writes each result once
     * @param productRate operations a second of a product alone
     * @param copyRate bytes a second, read and written, of a copy alone
     */
    record Figure(double wordsPerSecond, double stepSeconds, double stepOperations, double stepBytes, double productRate,
            double copyRate) {
        double operationRate() {
            return stepOperations / stepSeconds;
        }

        double byteRate() {
            return stepBytes / stepSeconds;
        }
    }

    Figure measure() {
        double stepSeconds = stepSeconds();
        try (Scratch scratch = new Scratch()) {
            return new Figure(batch * seq / stepSeconds, stepSeconds, operations(), bytes(), productRate(scratch), copyRate(scratch));
        }
    }

    private double stepSeconds() {
        TrainingOptions options = new TrainingOptions(batch, seq, 0.5f, 0.002f, 1);
        int tokens = batch * seq;
        try (LanguageModel model = LanguageModel.create(config, 1);
                Trainer trainer = new Trainer(model, options);
                Arena arena = Arena.ofConfined()) {
            int[] drawn = new SplittableRandom(1).ints(tokens + batch, 0, config.vocabulary()).toArray();
            MemorySegment words = arena.allocateFrom(ValueLayout.JAVA_INT, drawn);
            MemorySegment inputs = words.asSlice(0, (long) Integer.BYTES * tokens);
            MemorySegment targets = words.asSlice((long) Integer.BYTES * batch, (long) Integer.BYTES * tokens);
            trainer.step(inputs, targets);
            trainer.step(inputs, targets); // records the graph
            trainer.loss();
            long start = System.nanoTime();
            int steps = 0;
            do {
                trainer.step(inputs, targets);
                steps++;
            } while (System.nanoTime() - start < seconds * GIGA);
            trainer.loss(); // waits for the last step
            return (System.nanoTime() - start) / GIGA / steps;
        }
    }

    /** Every product is done once forward, and once for each of its two gradients. */
    private double operations() {
        double tokens = (double) batch * seq;
        double hidden = config.hidden();
        double gates = 4 * hidden * (config.embed() + hidden + (config.layers() - 1) * 2 * hidden);
        return 3 * 2 * tokens * (gates + hidden * config.vocabulary());
    }

    private double bytes() {
        double tokens = (double) batch * seq;
        double x = tokens * config.embed();
        double y = tokens * config.hidden();
        double logits = tokens * config.vocabulary();
        double linear = (double) config.vocabulary() * config.hidden();
        double embed = (double) config.vocabulary() * config.embed();
        double all = config.parameterCount();
        double lstm = all - linear - embed - config.vocabulary();
        double floats = 2 * x //                            gather
                + lstm + x + y //                           LSTM forward
                + y + linear + logits //                    logits
                + 2 * logits //                             cross-entropy, in place
                + logits + y + linear //                    gradient of the linear weights
                + logits //                                 of the bias
                + logits + linear + y //                    of y
                + lstm + 2 * y + x //                       LSTM backward data
                + 2 * lstm + x + y //                       LSTM backward weights: zeroed, then written
                + embed + 2 * x //                          gradient of the embedding: zeroed, then written
                + all //                                    gradient norm
                + 7 * all; //                               Adam: four arrays read, three written
        return Float.BYTES * floats;
    }

    private double productRate(Scratch scratch) {
        int n = productSize;
        DeviceBuffer a = scratch.upload(scratch.uniform(n * n, 1));
        DeviceBuffer c = scratch.floats(n * n);
        Blas blas = scratch.own(Blas.create(scratch.stream));
        return 2.0 * n * n * n * repetitionsPerSecond(scratch, () -> blas.sgemm(false, false, n, n, n, 1, a, n, a, n, 0, c, n));
    }

    private double copyRate(Scratch scratch) {
        DeviceBuffer from = scratch.own(DeviceBuffer.allocate(copyBytes));
        DeviceBuffer to = scratch.own(DeviceBuffer.allocate(copyBytes));
        from.zeroAsync(scratch.stream);
        return 2.0 * copyBytes * repetitionsPerSecond(scratch, () -> to.copyFromAsync(from, scratch.stream));
    }

    private double repetitionsPerSecond(Scratch scratch, Runnable work) {
        work.run();
        scratch.stream.synchronize();
        long start = System.nanoTime();
        int count = 0;
        do {
            work.run();
            scratch.stream.synchronize();
            count++;
        } while (System.nanoTime() - start < seconds / 4 * GIGA);
        return count / ((System.nanoTime() - start) / GIGA);
    }
}
