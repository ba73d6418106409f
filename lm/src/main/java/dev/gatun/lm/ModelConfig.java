package dev.gatun.lm;

/**
 * The kind and sizes of a word-level language model: an embedding, a stack of recurrent layers and a projection to the vocabulary.
 *
 * @param vocabulary words the model knows; a word's id is in {@code [0, vocabulary)}
 * @param embed values a word is embedded in: the input size of the first recurrent layer
 * @param hidden hidden size of every recurrent layer
 * @param layers recurrent layers on top of each other
 * @param cell their kind
 * @param projection values that each LSTM layer projects its hidden state to (PyTorch's {@code proj_size}), below {@code hidden};
 *     0 for no projection
 * @param tied whether the projection to the vocabulary uses the embedding's matrix (Press and Wolf, "Using the output embedding to
 *     improve language models", 2017), which then must be as wide as the layers' output
 */
public record ModelConfig(int vocabulary, int embed, int hidden, int layers, Cell cell, int projection, boolean tied) {
    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if a size is below 1, or the parts do not fit each other; the message names them
     */
    public ModelConfig {
        Check.atLeast(1, vocabulary, "vocabulary");
        Check.atLeast(1, embed, "embed");
        Check.atLeast(1, hidden, "hidden");
        Check.atLeast(1, layers, "layers");
        Check.that(cell == Cell.LSTM || projection == 0, "only an LSTM has a projection: with a " + cell.name() + " it must be 0",
                projection);
        Check.that(projection >= 0 && projection < hidden, "projection must be 0 (none) or below hidden, which is " + hidden, projection);
        int output = projection > 0 ? projection : hidden;
        Check.that(!tied || embed == output, "with tied embeddings embed must equal " + (projection > 0 ? "projection" : "hidden")
                + ", which is " + output, embed);
    }

    /** Makes the configuration of an LSTM without projection, its embedding and the output's matrix apart. */
    public ModelConfig(int vocabulary, int embed, int hidden, int layers) {
        this(vocabulary, embed, hidden, layers, Cell.LSTM, 0, false);
    }

    /** Returns the width of a recurrent layer's output and hidden state: {@code hidden}, or what it is projected to. */
    public int outputSize() {
        return projection > 0 ? projection : hidden;
    }

    /** Returns the input size of a recurrent layer: {@code embed} for the first, the output's for those above it. */
    public int inputSize(int layer) {
        return layer == 0 ? embed : outputSize();
    }

    /** Returns how many trainable values the model has. */
    public long parameterCount() {
        long count = (long) vocabulary * embed + (tied ? 0 : (long) vocabulary * outputSize()) + vocabulary;
        for (int layer = 0; layer < layers; layer++) {
            count += (long) cell.gates() * hidden * (inputSize(layer) + outputSize() + 2) + (long) projection * hidden;
        }
        return count;
    }
}
