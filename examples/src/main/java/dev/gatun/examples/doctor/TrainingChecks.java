package dev.gatun.examples.doctor;

import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.TensorInfo;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Checks of a whole model: ten training steps against the reference, graph replay against single calls, and repeatability. */
final class TrainingChecks {
    private static final ModelConfig CONFIG = new ModelConfig(23, 9, 14, 2);
    private static final int BATCH = 3;
    private static final int SEQ = 5;
    private static final int STEPS = 10;
    private static final float CLIP = 0.5f;
    private static final float LEARNING_RATE = 0.01f;
    private static final long SEED = 1;

    /**
     * Adam divides a gradient by its own size: where it is almost nothing, so is what rounding adds to it, but not their ratio, which
     * moves the weight. Seen on the host device: 1.4e-6.
     */
    private static final double WEIGHTS = 5e-5;

    private TrainingChecks() {}

    static List<Check> all() {
        String reference = STEPS + " steps of a small model, two layers";
        return List.of(
                new Check("training: losses", reference, Check.FLOAT32, comparer ->
                        comparer.compare("losses", reference().losses, train(true).losses)),
                new Check("training: gradient norms", reference, Check.FLOAT32, comparer ->
                        comparer.compare("gradient norms", reference().gradientNorms, train(true).gradientNorms)),
                new Check("training: weights", "every tensor after " + STEPS + " steps, two layers", WEIGHTS, comparer ->
                        compare(reference(), train(true), comparer)),
                new Check("graph replay, bit for bit", STEPS + " steps replayed and as single calls", 0, comparer ->
                        compareAll(train(false), train(true), comparer)),
                new Check("repeatability, bit for bit", STEPS + " steps twice from the same seed", 0, comparer ->
                        compareAll(train(true), train(true), comparer)));
    }

    /** What came of the steps. */
    private record Run(double[] losses, double[] gradientNorms, Map<String, double[]> parameters) {}

    private static void compare(Run expected, Run found, Check.Comparer comparer) {
        expected.parameters.forEach((name, values) -> comparer.compare(name, values, found.parameters.get(name)));
    }

    private static void compareAll(Run expected, Run found, Check.Comparer comparer) {
        comparer.compare("losses", expected.losses, found.losses);
        comparer.compare("gradient norms", expected.gradientNorms, found.gradientNorms);
        compare(expected, found, comparer);
    }

    /** The word ids of a step's segment, and one more row of time: the targets are the inputs one step later. */
    private static int[] words(int step) {
        return new SplittableRandom(SEED + step).ints((SEQ + 1) * BATCH, 0, CONFIG.vocabulary()).toArray();
    }

    private static Run reference() {
        double[] losses = new double[STEPS];
        double[] norms = new double[STEPS];
        ReferenceModel model;
        try (LanguageModel first = LanguageModel.create(CONFIG, SEED)) {
            model = new ReferenceModel(CONFIG, BATCH, read(first));
        }
        for (int step = 0; step < STEPS; step++) {
            int[] words = words(step);
            model.step(Arrays.copyOf(words, SEQ * BATCH), Arrays.copyOfRange(words, BATCH, words.length), CLIP, LEARNING_RATE);
            losses[step] = model.loss;
            norms[step] = model.gradientNorm;
        }
        return new Run(losses, norms, model.parameters);
    }

    private static Run train(boolean graph) {
        double[] losses = new double[STEPS];
        double[] norms = new double[STEPS];
        TrainingOptions options = new TrainingOptions(BATCH, SEQ, CLIP, LEARNING_RATE, SEED, graph);
        try (LanguageModel model = LanguageModel.create(CONFIG, SEED);
                Trainer trainer = new Trainer(model, options);
                Arena arena = Arena.ofConfined()) {
            for (int step = 0; step < STEPS; step++) {
                MemorySegment words = arena.allocateFrom(ValueLayout.JAVA_INT, words(step));
                long row = (long) Integer.BYTES * BATCH;
                trainer.step(words.asSlice(0, SEQ * row), words.asSlice(row, SEQ * row));
                losses[step] = trainer.loss();
                norms[step] = trainer.gradientNorm();
            }
            return new Run(losses, norms, read(model));
        }
    }

    private static Map<String, double[]> read(LanguageModel model) {
        Map<String, double[]> tensors = new LinkedHashMap<>();
        try (Arena arena = Arena.ofConfined()) {
            for (TensorInfo tensor : model.parameters().tensors()) {
                MemorySegment host = arena.allocate(tensor.byteSize(), Float.BYTES);
                model.parameters().copyTo(tensor, host);
                double[] values = new double[(int) tensor.elements()];
                Arrays.setAll(values, i -> host.getAtIndex(ValueLayout.JAVA_FLOAT, i));
                tensors.put(tensor.name(), values);
            }
        }
        return tensors;
    }
}
