package dev.gatun.examples.doctor;

import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Sampler;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts the native calls that a training step and a sampled word take; their number does not depend on the model's sizes. */
final class Calls {
    private static final ModelConfig CONFIG = new ModelConfig(30, 4, 8, 1);
    private static final int STEPS = 10;

    /** What the sampler reads at once, and one: the number of reads is then the same for every hundred words. */
    private static final int WORDS = 100;

    private Calls() {}

    /** Returns the calls a step and a word, as single calls and as a graph's replay, by title. */
    static Map<String, CallCounter.Count> measure(CallCounter counter) {
        Map<String, CallCounter.Count> counts = new LinkedHashMap<>();
        try (LanguageModel model = LanguageModel.create(CONFIG, 1)) {
            counts.put("training step, single calls", ofStep(model, false, counter));
            counts.put("training step, graph replay", ofStep(model, true, counter));
            try (Sampler sampler = new Sampler(model)) {
                CallCounter.Count before = counter.captured();
                sampler.sample(WORDS, 1, 1, word -> {});
                counts.put("sampled word, single calls", counter.captured().since(before, 1));
                CallCounter.Count few = counter.all();
                sampler.sample(WORDS, 1, 1, word -> {});
                CallCounter.Count more = counter.all();
                sampler.sample(2 * WORDS, 1, 1, word -> {});
                // What a text needs once is in both.
                counts.put("sampled word, graph replay", counter.all().since(more, 1).since(more.since(few, 1), WORDS));
            }
        }
        return counts;
    }

    private static CallCounter.Count ofStep(LanguageModel model, boolean graph, CallCounter counter) {
        TrainingOptions options = new TrainingOptions(2, 3, 0.5f, 0.002f, 1, graph);
        try (Trainer trainer = new Trainer(model, options); Arena arena = Arena.ofConfined()) {
            MemorySegment words = arena.allocate(ValueLayout.JAVA_INT, (long) options.batch() * options.seq());
            trainer.step(words, words);
            trainer.step(words, words); // records the graph
            CallCounter.Count before = counter.all();
            for (int step = 0; step < STEPS; step++) {
                trainer.step(words, words);
            }
            return counter.all().since(before, STEPS);
        }
    }
}
