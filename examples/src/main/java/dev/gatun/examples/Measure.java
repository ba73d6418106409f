package dev.gatun.examples;

import dev.gatun.lm.Evaluation;
import dev.gatun.lm.Evaluator;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.text.TokenStream;

/** How perplexity is measured, the same way for every model and command. */
final class Measure {
    private static final int ROWS = 20;
    private static final int SEQ = 30;

    /** A row begins without context, which long rows make up for. */
    private static final int SHORTEST_ROW = 1000;

    private Measure() {}

    /** Returns the perplexity of a text, measured as {@link #evaluate} does. */
    static double perplexity(LanguageModel model, TokenStream text) {
        return evaluate(model, text).perplexity();
    }

    /**
     * Measures a text as {@value #ROWS} rows side by side, or fewer if it is short, with the model's state carried along each.
     *
     * @throws CommandException if the text has fewer than two tokens
     */
    static Evaluation evaluate(LanguageModel model, TokenStream text) {
        if (text.size() < 2) {
            throw new CommandException("a text of " + text.size() + " token has nothing to predict; at least two are needed");
        }
        int rows = (int) Math.clamp(text.size() / SHORTEST_ROW, 1, ROWS);
        try (Evaluator evaluator = new Evaluator(model, rows, SEQ)) {
            return evaluator.evaluate(text);
        }
    }
}
