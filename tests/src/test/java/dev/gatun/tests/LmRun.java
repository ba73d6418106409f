package dev.gatun.tests;

import dev.gatun.cublas.CublasException;
import dev.gatun.cuda.CudaException;
import dev.gatun.cuda.Stream;
import dev.gatun.cudnn.CudnnException;
import dev.gatun.cudnn.Dnn;
import dev.gatun.cudnn.DropoutDescriptor;
import dev.gatun.device.NativeCallException;
import dev.gatun.device.Symbols;
import dev.gatun.lm.Evaluator;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Precision;
import dev.gatun.lm.Sampler;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import dev.gatun.lm.text.Text;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * Does what {@code lm} can do, once each: trains with and without a graph and in 16 bits, saves and loads, evaluates, samples, and meets
 * failures of each library. Prints the C functions that were called, a line each. The argument is a folder for files.
 */
final class LmRun {
    private static final int STEPS = 3; // single calls, recorded, replayed
    private static final int BATCH = 2;
    private static final int SEQ = 3;

    private LmRun() {}

    public static void main(String[] arguments) throws IOException {
        Set<String> functions = new ConcurrentSkipListSet<>();
        Symbols.listen((library, function) -> functions.add(function));
        Path folder = Path.of(arguments[0]);
        Vocabulary vocabulary = new Vocabulary();
        try (TokenStream text = TokenStream.readAdding(Text.ofLines(Collections.nCopies(20, "the lock lifts the ship")), vocabulary)) {
            Path file = folder.resolve("model.safetensors");
            try (LanguageModel model = LanguageModel.create(new ModelConfig(vocabulary.size(), 4, 8, 2), 1)) {
                TrainingOptions options = new TrainingOptions(BATCH, SEQ, 0.5f, 0.002f, 1, false);
                train(model, text, options);
                train(model, text, options.withGraph(true));
                train(model, text, options.withGraph(true).withPrecision(Precision.FP16));
                model.save(file);
            }
            try (LanguageModel model = LanguageModel.load(file); Evaluator evaluator = new Evaluator(model, BATCH, SEQ);
                    Sampler sampler = new Sampler(model)) {
                evaluator.evaluate(text);
                sampler.sample(STEPS, 1, 1, word -> {});
            }
        }
        // What lm reaches only with dropout, and where cuDNN stores weights as no version does.
        try (Stream stream = Stream.create(); Dnn dnn = Dnn.create(stream)) {
            DropoutDescriptor.create(dnn, 0.5f, Dnn.version()).close();
        }
        fail(() -> CudaException.checkRuntime(1, "a call of the runtime"));
        fail(() -> CudaException.checkDriver(1, "a call of the driver"));
        fail(() -> CublasException.check(1, "a call of cuBLAS"));
        fail(() -> CudnnException.check(1, "a call of cuDNN"));
        functions.forEach(System.out::println);
    }

    private static void train(LanguageModel model, TokenStream text, TrainingOptions options) {
        try (Trainer trainer = new Trainer(model, options)) {
            MemorySegment words = text.ids().asSlice(0, (long) Integer.BYTES * BATCH * SEQ);
            for (int step = 0; step < STEPS; step++) {
                trainer.step(words, words);
            }
            trainer.resetState();
            trainer.setLearningRate(0.001f);
            trainer.loss();
            trainer.gradientNorm();
        }
    }

    private static void fail(Runnable call) {
        try {
            call.run();
        } catch (NativeCallException expected) {
            return;
        }
        throw new AssertionError("a status that is not 0 must be an exception");
    }
}
