package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;

/** Top-k and top-p in double precision, by sorting. */
final class SamplingReference {
    private SamplingReference() {}

    /**
     * Fails unless a floor leaves in the topK largest x, and of these the likeliest that together have the share topP, with all words
     * that are equal to the last of them, and no more.
     *
     * @param topK 0 or the number of words for all
     * @param slack by how much a share may miss topP
     */
    static void assertFloor(float[] x, float temperature, int topK, float topP, float floor, double slack) {
        float[] ascending = x.clone();
        Arrays.sort(ascending);
        float most = ascending[x.length - 1];
        boolean limited = topK > 0 && topK < x.length;
        float least = limited ? ascending[x.length - topK] : Float.NEGATIVE_INFINITY;
        if (topP >= 1) {
            assertEquals(least, floor);
            return;
        }
        double total = 0;
        double above = 0;
        double fromFloor = 0;
        for (float value : x) {
            double weight = value >= least ? Math.exp(((double) value - most) / temperature) : 0;
            total += weight;
            above += value > floor ? weight : 0;
            fromFloor += value >= floor ? weight : 0;
        }
        assertTrue(floor >= least, () -> "the floor " + floor + " is below the " + topK + "-th largest");
        assertTrue(Arrays.binarySearch(ascending, floor) >= 0, () -> floor + " is no word's");
        assertTrue(fromFloor / total >= topP - slack, "the words from the floor on have " + fromFloor / total + ", less than " + topP);
        assertTrue(above / total < topP + slack, "without those at the floor there is " + above / total + ", enough for " + topP);
    }
}
