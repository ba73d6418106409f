package dev.gatun.lm;

/**
 * How well a model predicts a text.
 *
 * @param tokens how many words were predicted
 * @param meanLoss their mean cross-entropy in nats
 */
public record Evaluation(long tokens, double meanLoss) {
    /** Returns exp(mean loss). */
    public double perplexity() {
        return Math.exp(meanLoss);
    }
}
