package dev.gatun.host.compute;

/**
 * The gates' nonlinearities, in place over arrays that fit the first-level cache, written so that the JIT compiler
 * vectorises them: it has no vector form of {@link Math#tanh} or {@link Math#exp}.
 *
 * <p>tanh(x) is x P(x²) / Q(x²) with the rational function of these degrees that is closest to it in relative error
 * (1.2e-8) on [-8.5, 8.5]; beyond, tanh is 1 within 8.3e-8. All coefficients are positive, so that nothing cancels: with
 * rounding, the result is within 3.5e-7 of tanh, relatively.
 */
final class Activations {
    private static final float LIMIT = 8.5f;
    private static final float P0 = 0.999999988312f;
    private static final float P1 = 0.134133320018f;
    private static final float P2 = 0.00353412540403f;
    private static final float P3 = 2.12525620164e-5f;
    private static final float P4 = 1.42711259461e-8f;
    private static final float Q1 = 0.467466548319f;
    private static final float Q2 = 0.0260231327689f;
    private static final float Q3 = 0.000334902152994f;
    private static final float Q4 = 8.14594419638e-7f;

    private Activations() {}

    static void tanh(float[] values, int count) {
        for (int i = 0; i < count; i++) {
            values[i] = tanh(values[i]);
        }
    }

    /** The logistic function, 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2. */
    static void sigmoid(float[] values, int count) {
        for (int i = 0; i < count; i++) {
            values[i] = 0.5f + 0.5f * tanh(0.5f * values[i]);
        }
    }

    private static float tanh(float value) {
        float x = Math.max(-LIMIT, Math.min(LIMIT, value));
        float u = x * x;
        float p = Math.fma(u, Math.fma(u, Math.fma(u, Math.fma(u, P4, P3), P2), P1), P0);
        float q = Math.fma(u, Math.fma(u, Math.fma(u, Math.fma(u, Q4, Q3), Q2), Q1), 1f);
        return Math.max(-1f, Math.min(1f, x * p / q));
    }
}
