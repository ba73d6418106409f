package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** embedding_gather, embedding_gradient and embedding_gradient_add. */
final class EmbeddingChecks {
    private EmbeddingChecks() {}

    /** Tokens, values each, and words; rows that a block's threads cover once to the last, with single values and with four, too. */
    private static int[][] sizes(KernelBench bench) {
        return new int[][] {{1, 1, 1}, {5, 3, 7}, {70, 64, 11}, {67, 130, 5}, {40, 257, 100}, {33, 4, 1}, {6, bench.threads, 3},
            {6, 4 * bench.threads, 3}, {6, bench.threads + 1, 3}};
    }

    private static int[] ids(Random random, int tokens, int vocab) {
        int[] ids = random.ints(tokens, 0, vocab).toArray();
        int[] outside = {-1, vocab, Integer.MIN_VALUE, Integer.MAX_VALUE};
        for (int i = 3; i < tokens; i += 5) {
            ids[i] = outside[i / 5 % outside.length];
        }
        return ids;
    }

    /** Copies are exact. Fewer or more blocks than tokens are taken, too. */
    static void gather(KernelBench bench) {
        for (int[] size : sizes(bench)) {
            int tokens = size[0];
            int dim = size[1];
            int vocab = size[2];
            MemorySegment table = bench.normal(vocab * dim, 1);
            int[] ids = ids(bench.random, tokens, vocab);
            for (int blocks : new int[] {tokens, Math.min(3, tokens), tokens + 2}) {
                KernelBench.Result result = bench.run("embedding_gather", blocks, KernelBench.out((long) tokens * dim), table,
                        KernelBench.ints(ids), tokens, dim, vocab);
                result.assertTwinEqual(0);
                for (int i = 0; i < tokens * dim; i++) {
                    int id = ids[i / dim];
                    assertEquals(id < 0 || id >= vocab ? 0 : KernelBench.at(table, (long) id * dim + i % dim), result.floatAt(0, i));
                }
            }
        }
    }

    /** Sums are made in token order, so that they equal a plain loop in single precision bit by bit; other rows stay. */
    static void gradient(KernelBench bench) {
        gradient(bench, "embedding_gradient", false);
    }

    /** As above, with what a row holds as the first term. */
    static void gradientAdd(KernelBench bench) {
        gradient(bench, "embedding_gradient_add", true);
    }

    private static void gradient(KernelBench bench, String kernel, boolean adds) {
        for (int[] size : sizes(bench)) {
            int tokens = size[0];
            int dim = size[1];
            int vocab = size[2];
            MemorySegment dout = bench.normal(tokens * dim, 1);
            MemorySegment before = bench.normal(vocab * dim, 1);
            int[] ids = ids(bench.random, tokens, vocab);
            float[] expected = before.toArray(ValueLayout.JAVA_FLOAT);
            boolean[] seen = new boolean[vocab];
            for (int token = 0; token < tokens; token++) {
                int id = ids[token];
                if (id >= 0 && id < vocab) {
                    for (int i = 0; i < dim; i++) {
                        float sum = seen[id] || adds ? expected[id * dim + i] : 0;
                        expected[id * dim + i] = sum + KernelBench.at(dout, token * dim + i);
                    }
                    seen[id] = true;
                }
            }
            for (int blocks : new int[] {tokens, Math.min(3, tokens), tokens + 2}) {
                KernelBench.Result result = bench.run(kernel, blocks, KernelBench.inOut(before), dout,
                        KernelBench.ints(ids), tokens, dim, vocab);
                result.assertTwinEqual(0);
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], result.floatAt(0, i), "gradient at " + i);
                }
            }
        }
    }
}
