package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbeddingTwinsTest {
    private static final int[] OUTSIDE = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE};

    /** Random ids, of which about one in eight lies outside the vocabulary. */
    private static int[] ids(Random random, int tokens, int vocab) {
        int[] ids = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            ids[i] = random.nextInt(8) > 0 ? random.nextInt(vocab) : random.nextBoolean() ? vocab : OUTSIDE[random.nextInt(3)];
        }
        return ids;
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "5, 3, 7, 2", "65, 129, 1, 3", "200, 37, 1000, 4", "131, 1025, 11, 5"})
    void gatherCopiesRowsAndGivesZerosForIdsOutsideTheVocabulary(int tokens, int dim, int vocab, long seed) {
        Random random = new Random(seed);
        float[] table = TestLaunch.normal(random, vocab * dim, 1);
        int[] ids = ids(random, tokens, vocab);
        MemorySegment out = TestLaunch.output((long) tokens * dim);

        new TestLaunch(tokens, out, TestLaunch.floats(table), TestLaunch.ints(ids), tokens, dim, vocab).run("embedding_gather");

        float[] expected = new float[tokens * dim];
        for (int token = 0; token < tokens; token++) {
            if (ids[token] >= 0 && ids[token] < vocab) {
                System.arraycopy(table, ids[token] * dim, expected, token * dim, dim);
            }
        }
        assertArrayEquals(expected, TestLaunch.array(out));
    }

    /** Sums run in token order from zero, so that they are exactly those of the plain loop; words that do not occur keep their rows. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "9, 3, 2, 2", "65, 129, 1, 3", "200, 37, 1000, 4", "131, 1025, 11, 5"})
    void gradientSumsEqualIdsInTokenOrderAndLeavesOtherRowsAlone(int tokens, int dim, int vocab, long seed) {
        gradient("embedding_gradient", false, tokens, dim, vocab, seed);
    }

    /** The row's value is the first term. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "9, 3, 2, 2", "65, 129, 1, 3", "200, 37, 1000, 4", "131, 1025, 11, 5"})
    void gradientAddAddsTheRowsInTokenOrder(int tokens, int dim, int vocab, long seed) {
        gradient("embedding_gradient_add", true, tokens, dim, vocab, seed);
    }

    private static void gradient(String kernel, boolean adds, int tokens, int dim, int vocab, long seed) {
        Random random = new Random(seed);
        float[] dout = TestLaunch.normal(random, tokens * dim, 1);
        float[] before = TestLaunch.normal(random, vocab * dim, 1);
        int[] ids = ids(random, tokens, vocab);
        MemorySegment grad = TestLaunch.floats(before);

        new TestLaunch(tokens, grad, TestLaunch.floats(dout), TestLaunch.ints(ids), tokens, dim, vocab).run(kernel);

        float[] expected = before.clone();
        boolean[] seen = new boolean[vocab];
        for (int token = 0; token < tokens; token++) {
            if (ids[token] >= 0 && ids[token] < vocab) {
                for (int d = 0; d < dim; d++) {
                    int at = ids[token] * dim + d;
                    expected[at] = (seen[ids[token]] || adds ? expected[at] : 0) + dout[token * dim + d];
                }
                seen[ids[token]] = true;
            }
        }
        assertArrayEquals(expected, TestLaunch.array(grad));
    }
}
