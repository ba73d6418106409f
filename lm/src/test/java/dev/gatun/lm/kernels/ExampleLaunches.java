package dev.gatun.lm.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** One launch of every kernel, on data that depend on the seed alone and keep several tasks busy. */
final class ExampleLaunches {
    private ExampleLaunches() {}

    static Map<String, TestLaunch> all(long seed) {
        Random random = new Random(seed);
        int tokens = 150;
        int dim = 300;
        int vocab = 1700;
        int n = 100_001;
        MemorySegment ids = TestLaunch.ints(random.ints(tokens, 0, 40).toArray());
        MemorySegment state = Arena.ofAuto().allocate(AdamState.BYTES, Double.BYTES);
        AdamState.initialize(state, 1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f);
        MemorySegment prepared = Arena.ofAuto().allocate(AdamState.BYTES, Double.BYTES).copyFrom(state);
        new TestLaunch(1, prepared, TestLaunch.floats(4), 1, 1f).run("adam_prepare");
        MemorySegment draws = Arena.ofAuto().allocate(SamplingState.BYTES, Long.BYTES);
        SamplingState.initialize(draws, 7, 1, 100, 0.9f, 3);
        MemorySegment scale = TestLaunch.floats(8);
        return new TreeMap<>(Map.ofEntries(
                Map.entry("embedding_gather",
                        new TestLaunch(tokens, zeros(tokens * dim), normal(random, vocab * dim), ids, tokens, dim, vocab)),
                Map.entry("embedding_gradient",
                        new TestLaunch(tokens, zeros(vocab * dim), normal(random, tokens * dim), ids, tokens, dim, vocab)),
                Map.entry("embedding_gradient_add",
                        new TestLaunch(tokens, zeros(vocab * dim), normal(random, tokens * dim), ids, tokens, dim, vocab)),
                Map.entry("cross_entropy_gradient",
                        new TestLaunch(tokens, normal(random, tokens * vocab), zeros(tokens), normal(random, vocab), ids, vocab, 0.1f)),
                Map.entry("cross_entropy_loss",
                        new TestLaunch(tokens, normal(random, tokens * vocab), zeros(tokens), normal(random, vocab), ids, vocab)),
                Map.entry("bias_gradient", new TestLaunch(1, zeros(vocab), normal(random, tokens * vocab), tokens, vocab)),
                Map.entry("mean", new TestLaunch(1, zeros(1), normal(random, tokens), tokens)),
                Map.entry("sum_of_squares", new TestLaunch(64, zeros(64), normal(random, n), (long) n)),
                Map.entry("adam_prepare", new TestLaunch(1, state, TestLaunch.floats(1, 2, 3), 3, 1f)),
                Map.entry("adam_update", new TestLaunch(64, normal(random, n), zeros(n), zeros(n), normal(random, n), prepared, (long) n)),
                Map.entry("sgd_prepare", new TestLaunch(1, sgd(0), TestLaunch.floats(1, 2, 3), 3, 1f)),
                Map.entry("sgd_update", new TestLaunch(64, normal(random, n), zeros(n), normal(random, n), sgd(2), (long) n)),
                Map.entry("cast_half", new TestLaunch(64, shorts(n), normal(random, n), scale, (long) n)),
                Map.entry("cast_bfloat16", new TestLaunch(64, shorts(n), normal(random, n), scale, (long) n)),
                Map.entry("widen_half", new TestLaunch(64, zeros(n), shorts(n), scale, (long) n)),
                Map.entry("widen_bfloat16", new TestLaunch(64, zeros(n), shorts(n), scale, (long) n)),
                Map.entry("update_loss_scale",
                        new TestLaunch(1, TestLaunch.floats(1, 0, 1, 0), TestLaunch.ints(0), TestLaunch.floats(1, 2), 2, 1)),
                Map.entry("dropout",
                        new TestLaunch(64, zeros(n), normal(random, n), TestLaunch.longs(5), (long) n, 1 << 30, 4f / 3, 3L, 1)),
                Map.entry("sample", new TestLaunch(tokens, zeros(tokens), zeros(3 * tokens), draws,
                        normal(random, tokens * vocab), normal(random, vocab), TestLaunch.floats(new float[tokens]), tokens, vocab)),
                Map.entry("sampling_floor", new TestLaunch(tokens, zeros(tokens), draws, normal(random, tokens * vocab),
                        normal(random, vocab), tokens, vocab)),
                Map.entry("advance", new TestLaunch(1, TestLaunch.longs(41)))));
    }

    /** The state of gradient descent after some steps, all but the first averaged. */
    private static MemorySegment sgd(int steps) {
        MemorySegment state = Arena.ofAuto().allocate(SgdState.BYTES, Float.BYTES);
        SgdState.initialize(state, 0.1f, 0.01f, 0);
        for (int step = 0; step < steps; step++) {
            new TestLaunch(1, state, TestLaunch.floats(4), 1, 1f).run("sgd_prepare");
        }
        return state;
    }

    private static MemorySegment normal(Random random, int n) {
        return TestLaunch.floats(TestLaunch.normal(random, n, 1));
    }

    private static MemorySegment shorts(int n) {
        return Arena.ofAuto().allocate((long) n * Short.BYTES, Long.BYTES);
    }

    private static MemorySegment zeros(int n) {
        return TestLaunch.floats(new float[n]);
    }
}
