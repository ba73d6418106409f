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
        AdamState.initialize(state, 1e-3f, 0.9f, 0.999f, 1e-8f);
        MemorySegment prepared = Arena.ofAuto().allocate(AdamState.BYTES, Double.BYTES).copyFrom(state);
        new TestLaunch(1, prepared, TestLaunch.floats(4), 1, 1f).run("adam_prepare");
        return new TreeMap<>(Map.ofEntries(
                Map.entry("embedding_gather",
                        new TestLaunch(tokens, zeros(tokens * dim), normal(random, vocab * dim), ids, tokens, dim, vocab)),
                Map.entry("embedding_gradient",
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
                Map.entry("sample", new TestLaunch(tokens, zeros(tokens), zeros(3 * tokens), TestLaunch.longs(2),
                        normal(random, tokens * vocab), normal(random, vocab), tokens, vocab, 1f, 7L)),
                Map.entry("advance", new TestLaunch(1, TestLaunch.longs(41)))));
    }

    private static MemorySegment normal(Random random, int n) {
        return TestLaunch.floats(TestLaunch.normal(random, n, 1));
    }

    private static MemorySegment zeros(int n) {
        return TestLaunch.floats(new float[n]);
    }
}
