package dev.gatun.lm.text;

import java.io.IOException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** How often each token of a text occurs; tells which of them a vocabulary should hold. */
public final class TokenCounts {
    /** The least size of a vocabulary that lacks some words: one word, the line end and {@link Vocabulary#UNKNOWN}. */
    public static final int SMALLEST = 3;

    private final Map<String, long[]> counts = new HashMap<>();
    private final Tokenizer tokenizer;

    private TokenCounts(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Counts a text's tokens.
     *
     * @throws TextException if the text is empty or not UTF-8
     */
    public static TokenCounts of(Text text, Tokenizer tokenizer) throws IOException {
        TokenCounts counts = new TokenCounts(tokenizer);
        text.scan(tokenizer, (token, line) -> counts.counts.computeIfAbsent(token, t -> new long[1])[0]++);
        return counts;
    }

    /**
     * Returns the tokens of a vocabulary of limited size: the most frequent ones, the alphabetically first where two are as frequent.
     * If any is left out, the line end and {@link Vocabulary#UNKNOWN} are among those returned.
     *
     * @param size the most tokens to return
     * @param minCount how often a token must occur
     * @throws IllegalArgumentException if {@code size} is below {@link #SMALLEST}
     */
    public Set<String> mostFrequent(int size, long minCount) {
        if (size < SMALLEST) {
            throw new IllegalArgumentException("a vocabulary needs at least " + SMALLEST
                    + " tokens, one of them the line end and one <unk>; got " + size);
        }
        Set<String> all = counts.keySet();
        if (all.size() <= size && counts.values().stream().allMatch(count -> count[0] >= minCount)) {
            return Set.copyOf(all);
        }
        Set<String> kept = counts.entrySet().stream()
                .filter(entry -> entry.getValue()[0] >= minCount && !isSpecial(entry.getKey()))
                .sorted(Comparator.comparingLong((Map.Entry<String, long[]> entry) -> -entry.getValue()[0])
                        .thenComparing(Map.Entry::getKey))
                .limit(size - 2)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        kept.add(tokenizer.lineEnd());
        kept.add(Vocabulary.UNKNOWN);
        return kept;
    }

    private boolean isSpecial(String token) {
        return token.equals(tokenizer.lineEnd()) || token.equals(Vocabulary.UNKNOWN);
    }
}
