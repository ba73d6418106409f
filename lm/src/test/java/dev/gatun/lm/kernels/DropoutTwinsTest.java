package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the masks are like. A count of n independent values with probability p has the standard deviation √(n·p·(1 - p)) and is
 * near normal; {@value #SIGMAS} of them are passed by one count in 5e8, and a test here makes some thousand under fixed seeds.
 */
class DropoutTwinsTest {
    private static final double SIGMAS = 6;
    private static final int ROWS = 300;
    private static final int COLUMNS = 402;
    private static final int N = ROWS * COLUMNS;

    private static boolean[] kept(float probability, long step, long seed, int site) {
        MemorySegment out = TestLaunch.output(N);
        float[] ones = new float[N];
        Arrays.fill(ones, 1);
        float scale = 1 / (1 - probability);
        new TestLaunch(1, out, TestLaunch.floats(ones), TestLaunch.longs(step), (long) N, (int) (long) (probability * 0x1p32), scale, seed,
                site).run("dropout");
        boolean[] kept = new boolean[N];
        float[] values = TestLaunch.array(out);
        for (int i = 0; i < N; i++) {
            assertTrue(values[i] == 0 || values[i] == scale, "value " + values[i]);
            kept[i] = values[i] != 0;
        }
        return kept;
    }

    private static void assertCount(double count, int n, double p, String what) {
        assertEquals(n * p, count, SIGMAS * Math.sqrt(n * p * (1 - p)), what);
    }

    @ParameterizedTest
    @ValueSource(floats = {0.1f, 0.5f, 0.65f})
    void rowsColumnsAndAllTogetherKeepTheirShare(float probability) {
        boolean[] kept = kept(probability, 7, 1, 0);
        int[] ofRow = new int[ROWS];
        int[] ofColumn = new int[COLUMNS];
        for (int i = 0; i < N; i++) {
            ofRow[i / COLUMNS] += kept[i] ? 1 : 0;
            ofColumn[i % COLUMNS] += kept[i] ? 1 : 0;
        }
        double share = 1 - probability;
        assertCount(Arrays.stream(ofRow).sum(), N, share, "all");
        for (int row = 0; row < ROWS; row++) {
            assertCount(ofRow[row], COLUMNS, share, "row " + row);
        }
        for (int column = 0; column < COLUMNS; column++) {
            assertCount(ofColumn[column], ROWS, share, "column " + column);
        }
    }

    /** Two independent masks agree in p² + (1 - p)² of their values; so do a mask and itself, moved by some values. */
    @ParameterizedTest
    @ValueSource(floats = {0.1f, 0.5f, 0.65f})
    void masksOfOtherStepsSitesSeedsAndPlacesAreIndependent(float probability) {
        boolean[] kept = kept(probability, 7, 1, 0);
        assertIndependent(kept, kept(probability, 8, 1, 0), 0, probability, "the next step");
        assertIndependent(kept, kept(probability, 7, 1, 1), 0, probability, "the other site");
        assertIndependent(kept, kept(probability, 7, 2, 0), 0, probability, "another seed");
        assertIndependent(kept, kept(probability, 7, 1L << 32 | 1, 0), 0, probability, "a seed of another high word");
        for (int distance : new int[] {1, 2, 3, 4, 5, 8, COLUMNS, 1024}) {
            assertIndependent(kept, kept, distance, probability, "a distance of " + distance);
        }
    }

    private static void assertIndependent(boolean[] a, boolean[] b, int distance, double p, String what) {
        int agree = 0;
        for (int i = 0; i < N - distance; i++) {
            agree += a[i] == b[i + distance] ? 1 : 0;
        }
        assertCount(agree, N - distance, p * p + (1 - p) * (1 - p), what);
    }

    @Test
    void theSameStepSiteAndSeedGiveTheSameMask() {
        assertArrayEquals(kept(0.5f, 7, 1, 0), kept(0.5f, 7, 1, 0));
    }

    @Test
    void aDroppedValueIsZeroWhateverItWas() {
        MemorySegment values = TestLaunch.floats(Float.NaN, Float.POSITIVE_INFINITY, -1, 5);
        new TestLaunch(1, values, values, TestLaunch.longs(1), 4L, 0xffffffff, 2f, 1L, 0).run("dropout");
        assertArrayEquals(new float[4], TestLaunch.array(values));
    }
}
