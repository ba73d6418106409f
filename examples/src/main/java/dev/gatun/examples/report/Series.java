package dev.gatun.examples.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;

/**
 * One curve.
 *
 * @param name what its legend calls it
 * @param points the value at each training step
 * @param marked whether each point gets a mark, as befits few
 */
record Series(String name, NavigableMap<Long, Double> points, boolean marked) {
    /** Returns the series of each value's image. */
    Series map(DoubleUnaryOperator image) {
        NavigableMap<Long, Double> images = new TreeMap<>();
        points.forEach((step, value) -> images.put(step, image.applyAsDouble(value)));
        return new Series(name, images, marked);
    }

    /** Returns what the page's script reads. */
    ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("name", name).put("marked", marked);
        ArrayNode steps = json.putArray("x");
        ArrayNode values = json.putArray("y");
        for (Map.Entry<Long, Double> point : points.entrySet()) {
            steps.add(point.getKey());
            values.add(point.getValue());
        }
        return json;
    }
}
