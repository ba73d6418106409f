package dev.gatun.examples;

import dev.gatun.lm.text.Tokenizer;
import picocli.CommandLine.Option;

/** How texts are cut into tokens, and which of those a model knows. */
final class TextOptions {
    @Option(names = "--tokenizer", paramLabel = "word|char|byte", defaultValue = "word", converter = TokenizerReader.class,
            description = "What the model reads and writes one of at a time. Default: word.")
    Tokenizer tokenizer;

    @Option(names = "--vocab-size", paramLabel = "N", converter = Numbers.Positive.class,
            description = "The most tokens to know, line end and <unk> included; the most frequent are kept."
                    + " Default: all, or 10002 words of WordNet.")
    Integer vocabularySize;

    @Option(names = "--min-count", paramLabel = "N", defaultValue = "1", converter = Numbers.Positive.class,
            description = "How often a token must occur to be known; others become <unk>. Default: 1.")
    int minCount;

    /** Reads a tokenizer's name. */
    static final class TokenizerReader extends Choice<Tokenizer> {
        TokenizerReader() {
            super(Tokenizer.values());
        }
    }
}
