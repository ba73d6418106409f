package dev.gatun.lm;

import java.util.List;

/**
 * How likely a model finds a text, word by word.
 *
 * @param words the words that were predicted: all but the text's first, line ends included
 */
public record TextScore(List<Word> words) {
    /**
     * A word of a text.
     *
     * @param text the word as the model knows it
     * @param logProbability the natural logarithm of its probability after all words before
     */
    public record Word(String text, double logProbability) {}

    /** Takes the words. */
    public TextScore {
        words = List.copyOf(words);
    }

    /** Returns the logarithm of the probability of all words together. */
    public double logProbability() {
        return words.stream().mapToDouble(Word::logProbability).sum();
    }

    /** Returns exp of the mean negative logarithm: 1 for a text that is certain, the vocabulary's size for a model that knows nothing. */
    public double perplexity() {
        return Math.exp(-logProbability() / words.size());
    }
}
