package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Locale;

/**
 * Prints a line for each report and each measurement.
 *
 * @param epochs how many there will be
 * @param steps how many there will be, over all epochs
 */
record TextView(PrintWriter out, int epochs, long steps) implements TrainingView {
    /** What is said when a signal has asked to stop. */
    static final String STOPPING = "stopping after this step; Ctrl-C once more ends it at once";

    @Override
    public void stopping() {
        out.println(STOPPING);
    }

    @Override
    public void line(ObjectNode line) {
        if (line.has("loss")) {
            out.println(epoch(line, epochs) + String.format(Locale.ROOT, "Step [%d/%d], Loss: %.4f, Perplexity: %.2f, %.0f words/s",
                    line.get("step").asLong(), steps, line.get("loss").asDouble(), line.get("perplexity").asDouble(),
                    line.get("tokens_per_second").asDouble()));
        } else if (isMeasurement(line)) {
            out.println(measurement(line, epochs));
        }
    }

    /** Whether a line of the metrics says how well a text is predicted that is not trained on. */
    static boolean isMeasurement(ObjectNode line) {
        return line.has("valid_perplexity") || line.has("test_perplexity");
    }

    /** Returns a measurement in words. */
    static String measurement(ObjectNode line, int epochs) {
        return line.has("test_perplexity") ? String.format(Locale.ROOT, "Test perplexity: %.2f", line.get("test_perplexity").asDouble())
                : epoch(line, epochs) + String.format(Locale.ROOT, "validation perplexity: %.2f", line.get("valid_perplexity").asDouble())
                        + (line.has("averaging_starts") ? "; parameters are averaged from here on" : "");
    }

    private static String epoch(ObjectNode line, int epochs) {
        return "Epoch [" + line.get("epoch").asInt() + "/" + epochs + "], ";
    }
}
