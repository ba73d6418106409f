package dev.gatun.lm;

/**
 * How words are drawn. Where top-k and top-p are both asked for, top-p keeps a share of what top-k leaves. Words that are exactly as
 * likely as the last one kept are kept too.
 *
 * @param temperature what logits are divided by: 1 for the model's own distribution, less for likelier words
 * @param topK how many of the likeliest words may be drawn; 0 for all
 * @param topP draws from the likeliest words that together have this share of the probability; 1 for all
 * @param greedy takes the likeliest word each time, whatever the other options say; the smallest id where several are
 * @param seed another seed gives another text
 * @param batch how many texts are written at once, each of other draws
 */
public record SamplingOptions(float temperature, int topK, float topP, boolean greedy, long seed, int batch) {
    /** One text from the model's own distribution, with the seed 1. */
    public static final SamplingOptions DEFAULT = new SamplingOptions(1, 0, 1, false, 1, 1);

    /**
     * Checks the options.
     *
     * @throws IllegalArgumentException if the temperature is not a positive finite number, {@code topK} is negative, {@code topP} is
     *     not in (0, 1], or {@code batch} is below 1
     */
    public SamplingOptions {
        Check.that(temperature > 0 && temperature < Float.POSITIVE_INFINITY, "the temperature must be a positive finite number",
                temperature);
        Check.that(topK >= 0, "top-k must be at least 0", topK);
        Check.that(topP > 0 && topP <= 1, "top-p must be above 0 and at most 1", topP);
        Check.atLeast(1, batch, "batch");
    }

    /** Returns these options with another temperature. */
    public SamplingOptions withTemperature(float temperature) {
        return new SamplingOptions(temperature, topK, topP, greedy, seed, batch);
    }

    /** Returns these options with another top-k. */
    public SamplingOptions withTopK(int topK) {
        return new SamplingOptions(temperature, topK, topP, greedy, seed, batch);
    }

    /** Returns these options with another top-p. */
    public SamplingOptions withTopP(float topP) {
        return new SamplingOptions(temperature, topK, topP, greedy, seed, batch);
    }

    /** Returns these options, greedy or not. */
    public SamplingOptions withGreedy(boolean greedy) {
        return new SamplingOptions(temperature, topK, topP, greedy, seed, batch);
    }

    /** Returns these options with another seed. */
    public SamplingOptions withSeed(long seed) {
        return new SamplingOptions(temperature, topK, topP, greedy, seed, batch);
    }

    /** Returns these options with another number of texts. */
    public SamplingOptions withBatch(int batch) {
        return new SamplingOptions(temperature, topK, topP, greedy, seed, batch);
    }

    /** Returns whether some words are left out before a draw. */
    boolean limited() {
        return !greedy && (topK > 0 || topP < 1);
    }
}
