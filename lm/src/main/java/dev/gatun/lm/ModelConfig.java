package dev.gatun.lm;

/**
 * The sizes of a word-level LSTM language model: an embedding, a stack of LSTM layers and a projection to the vocabulary.
 *
 * @param vocabulary words the model knows; a word's id is in {@code [0, vocabulary)}
 * @param embed values a word is embedded in: the input size of the first LSTM layer
 * @param hidden hidden size of every LSTM layer
 * @param layers LSTM layers on top of each other
 */
public record ModelConfig(int vocabulary, int embed, int hidden, int layers) {
    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if a size is below 1; the message names it
     */
    public ModelConfig {
        Check.atLeast(1, vocabulary, "vocabulary");
        Check.atLeast(1, embed, "embed");
        Check.atLeast(1, hidden, "hidden");
        Check.atLeast(1, layers, "layers");
    }

    /** Returns the input size of an LSTM layer: {@code embed} for the first, {@code hidden} for those above it. */
    public int inputSize(int layer) {
        return layer == 0 ? embed : hidden;
    }

    /** Returns how many trainable values the model has. */
    public long parameterCount() {
        long count = (long) vocabulary * embed + (long) vocabulary * hidden + vocabulary;
        for (int layer = 0; layer < layers; layer++) {
            count += 4L * hidden * (inputSize(layer) + hidden + 2);
        }
        return count;
    }
}
