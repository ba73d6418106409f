package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.cuda.CudaException;
import dev.gatun.lm.Cell;
import dev.gatun.lm.Evaluator;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Optimizer;
import dev.gatun.lm.Precision;
import dev.gatun.lm.Sampler;
import dev.gatun.lm.SamplingOptions;
import dev.gatun.lm.TensorInfo;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import dev.gatun.lm.kernels.LmKernelTwins;
import dev.gatun.lm.kernels.LmPtx;
import dev.gatun.lm.text.Text;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import dev.gatun.tests.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The language model with its kernels executed from the PTX in the jar, launched by its own code, against the same with the Java
 * twins: grids, blocks, the order and types of parameters, and what the kernels compute.
 */
class PtxModelTest {
    private static final int BATCH = 3;
    private static final int SEQ = 5;
    private static final int STEPS = 20;

    /**
     * Twins add some sums in double where kernels add in float, and their exponentials differ in the last place: 1e-7, relative, a
     * step. Adam divides a gradient by its own size, which magnifies that where a gradient is almost nothing. Seen: 1.2e-7 in
     * losses, 2.4e-7 in norms, 1.1e-6 in weights. With 16 bits, such a difference may end in another rounding: see ParityTest.
     */
    private static final double SCALAR = 1e-6;
    private static final double WEIGHTS = 5e-6;
    private static final double MIXED = 100;

    private record Run(List<Float> losses, List<Float> norms, Map<String, MemorySegment> weights, List<Integer> text, double perplexity) {}

    private static <T> T withKernels(String kernels, Supplier<T> action) {
        System.setProperty("gatun.kernels", kernels);
        try {
            return action.get();
        } finally {
            System.clearProperty("gatun.kernels");
        }
    }

    private static Run run(ModelConfig config, boolean graph, Precision precision) {
        TrainingOptions options = new TrainingOptions(BATCH, SEQ, 0.5f, 0.01f, 1, graph).withPrecision(precision);
        Run run = new Run(new ArrayList<>(), new ArrayList<>(), new LinkedHashMap<>(), new ArrayList<>(), 0);
        try (LanguageModel model = LanguageModel.create(config, 3)) {
            train(model, options, run);
            trainTied(config, options.withDropout(0.3f).withOptimizer(new Optimizer.AveragedSgd(0.01f, 3)), run);
            try (Sampler sampler = new Sampler(model)) {
                sampler.sample(50, 0.9f, 7, run.text::add);
                sampler.sample(new int[] {3, 1}, 10, SamplingOptions.DEFAULT.withTopK(20).withTopP(0.8f), (row, id) -> run.text.add(id));
            }
            try (Evaluator evaluator = new Evaluator(model, BATCH, SEQ)) {
                return new Run(run.losses, run.norms, run.weights, run.text, evaluator.evaluate(text(config.vocabulary())).perplexity());
            }
        }
    }

    private static void trainTied(ModelConfig config, TrainingOptions options, Run run) {
        ModelConfig tied = new ModelConfig(config.vocabulary(), config.hidden(), config.hidden(), config.layers(), Cell.LSTM, 0, true);
        try (LanguageModel model = LanguageModel.create(tied, 3)) {
            train(model, options, run);
        }
    }

    private static void train(LanguageModel model, TrainingOptions options, Run run) {
        try (Trainer trainer = new Trainer(model, options); Arena arena = Arena.ofConfined()) {
            Random random = new Random(5);
            MemorySegment inputs = arena.allocate(ValueLayout.JAVA_INT, BATCH * SEQ);
            MemorySegment targets = arena.allocate(ValueLayout.JAVA_INT, BATCH * SEQ);
            for (int step = 0; step < STEPS; step++) {
                for (int i = 0; i < BATCH * SEQ; i++) {
                    inputs.setAtIndex(ValueLayout.JAVA_INT, i, random.nextInt(model.config().vocabulary()));
                    targets.setAtIndex(ValueLayout.JAVA_INT, i, random.nextInt(model.config().vocabulary()));
                }
                trainer.step(inputs, targets);
                run.losses.add(trainer.loss());
                run.norms.add(trainer.gradientNorm());
            }
            for (TensorInfo tensor : model.parameters().tensors()) {
                MemorySegment host = Arena.ofAuto().allocate(tensor.byteSize(), Float.BYTES);
                model.parameters().copyTo(tensor, host);
                run.weights.put(options.optimizer() + " " + tensor.name(), host);
            }
        }
    }

    private static TokenStream text(int words) {
        Vocabulary vocabulary = new Vocabulary();
        Random random = new Random(9);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < words; i++) {
            lines.add("w" + random.nextInt(words - 1));
        }
        try {
            return TokenStream.readAdding(Text.ofLines(lines), vocabulary);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"53, 10, 7, 1, false, FP32", "64, 8, 12, 2, true, FP32", "301, 260, 9, 1, true, FP32", "53, 10, 7, 1, true, BF16",
        "53, 10, 7, 2, true, FP16"})
    void trainingSamplingAndEvaluationFromPtxEqualTheTwins(int vocabulary, int embed, int hidden, int layers, boolean graph,
            Precision precision) {
        double factor = precision == Precision.FP32 ? 1 : MIXED;
        ModelConfig config = new ModelConfig(vocabulary, embed, hidden, layers);
        Run expected = withKernels("twins", () -> run(config, graph, precision));
        assertEquals(Map.of(), InterpretingRunner.takeLaunches(), "kernels run in the interpreter without being asked for");
        Run actual = withKernels("ptx", () -> run(config, graph, precision));

        Map<String, Integer> launches = InterpretingRunner.takeLaunches();
        Set<String> kernels = new TreeSet<>(new LmKernelTwins().byName().keySet());
        kernels.removeIf(kernel -> !isLaunched(kernel, precision));
        assertEquals(kernels, launches.keySet());
        assertEquals(STEPS, launches.get("adam_update"));
        assertEquals(STEPS, launches.get("sgd_update"));
        assertEquals(4 * STEPS, launches.get("dropout"));
        assertEquals(60, launches.get("sample"));
        assertEquals(10, launches.get("sampling_floor"));
        assertEquals(Set.of(LmPtx.text()), InterpretingRunner.modules());

        assertEquals(2 * STEPS, actual.losses.size());
        for (int step = 0; step < 2 * STEPS; step++) {
            assertClose(expected.losses.get(step), actual.losses.get(step), factor, "loss of step " + step);
            assertClose(expected.norms.get(step), actual.norms.get(step), factor, "norm of step " + step);
        }
        expected.weights.forEach((name, weights) -> {
            double error = Tensors.relativeError(weights, actual.weights.get(name));
            assertTrue(error <= factor * WEIGHTS, () -> name + ": relative error " + error);
        });
        assertEquals(expected.text, actual.text);
        assertEquals(expected.perplexity, actual.perplexity, factor * 2 * SCALAR * expected.perplexity);
    }

    private static void assertClose(float expected, float actual, double factor, String what) {
        assertEquals(expected, actual, Float.isFinite(expected) ? factor * SCALAR * expected : 0, what);
    }

    private static boolean isLaunched(String kernel, Precision precision) {
        return switch (kernel) {
            case "cast_half", "widen_half", "update_loss_scale" -> precision == Precision.FP16;
            case "cast_bfloat16", "widen_bfloat16" -> precision == Precision.BF16;
            default -> true;
        };
    }

    @Test
    void anUnknownWayToRunKernelsIsRefused() {
        CudaException refused = assertThrows(CudaException.class,
                () -> withKernels("cuda", () -> LanguageModel.create(new ModelConfig(2, 2, 2, 1), 1)));
        assertTrue(refused.getMessage().contains("-Dgatun.kernels=cuda: expected twins or ptx"), refused.getMessage());
    }
}
