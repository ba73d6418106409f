package dev.gatun.examples;

import java.util.Collection;
import java.util.Comparator;

/** The known word that a mistyped one most likely means. */
final class Nearest {
    private Nearest() {}

    /** Returns the candidate that takes the fewest edits. */
    static String of(String word, Collection<String> candidates) {
        return candidates.stream().min(Comparator.comparingInt((String candidate) -> edits(word, candidate))
                .thenComparing(Comparator.naturalOrder())).orElseThrow();
    }

    /** The Levenshtein distance, of words up to a length that an option's name may have. */
    private static int edits(String from, String to) {
        String a = from.substring(0, Math.min(from.length(), 40));
        int[] row = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.length()];
    }
}
