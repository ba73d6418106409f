package dev.gatun.examples.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Curves over the training steps in one coordinate system.
 *
 * @param title what is drawn, with its unit
 * @param logarithmic whether equal ratios are equally far apart; values must be above 0
 * @param series the curves; those without a point are left out
 */
record Chart(String title, boolean logarithmic, List<Series> series) {
    Chart {
        series = series.stream().filter(one -> !one.points().isEmpty()).toList();
    }

    /** Returns what the page's script reads. */
    ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("title", title).put("logarithmic", logarithmic);
        ArrayNode array = json.putArray("series");
        series.forEach(one -> array.add(one.toJson()));
        return json;
    }
}
