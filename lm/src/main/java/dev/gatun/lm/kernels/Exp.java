package dev.gatun.lm.kernels;

/**
 * The exponential function over an array, for arguments that are not positive.
 *
 * <p>The JDK has no vector form of {@link Math#exp}, and C2 vectorises neither table look-ups nor the bit casts that scale by a
 * power of two. So: exp(x) = exp(x / 1024)^1024, a short Taylor polynomial and ten squarings in double, all of which C2 vectorises.
 */
final class Exp {
    /** Below the logarithm of half the smallest float, exp rounds to zero. */
    private static final float UNDERFLOW = -104;

    private Exp() {}

    /**
     * Replaces each of the first {@code n} elements, each at most 0 or NaN, by its exponential, rounded to float.
     */
    static void ofNonPositive(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = ofNonPositive(x[i]);
        }
    }

    /**
     * Returns the exponential of a number that is at most 0 or NaN, rounded to float.
     *
     * <p>The polynomial leaves out r^7 / 5040 and less, where |r| is at most 104 / 1024. Squarings multiply that relative error by
     * 1024: 1e-8 at x = -90, and far less nearer to 0, against the 6e-8 of the rounding to float.
     */
    static float ofNonPositive(float x) {
        double r = Math.max(x, UNDERFLOW) * 0x1p-10;
        double e = Math.fma(r, 1.0 / 720, 1.0 / 120);
        e = Math.fma(r, e, 1.0 / 24);
        e = Math.fma(r, e, 1.0 / 6);
        e = Math.fma(r, e, 1.0 / 2);
        e = Math.fma(r, e, 1);
        e = Math.fma(r, e, 1);
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        return (float) e;
    }
}
