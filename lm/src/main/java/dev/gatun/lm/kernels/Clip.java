package dev.gatun.lm.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How optimisers' twins clip a gradient. */
final class Clip {
    private Clip() {}

    /** Returns the norm whose square the partials[parts] add up to. */
    static double norm(MemorySegment partials, int parts) {
        double sum = 0;
        for (int i = 0; i < parts; i++) {
            sum += partials.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        }
        return Math.sqrt(sum);
    }

    /** Returns what a gradient of a norm is multiplied by: 1 where it is not too long, or maxNorm is not positive. */
    static float scale(double norm, float maxNorm) {
        double scale = maxNorm / (norm + 1e-6);
        return maxNorm <= 0 || scale >= 1 ? 1 : (float) scale;
    }
}
