package dev.gatun.examples.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * What the folder of a run tells of it, finished or not.
 *
 * @param name what to call it
 * @param config what made the model
 * @param metrics the lines of its metrics, oldest first
 * @param sample what the model wrote at the end; empty before that
 */
record RunRecord(String name, JsonNode config, List<JsonNode> metrics, String sample) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Reads a run's folder.
     *
     * @throws IOException if it cannot be read or is not that of a run; the message names the file and line
     */
    static RunRecord read(Path folder, String name) throws IOException {
        Path config = folder.resolve("config.json");
        if (!Files.exists(config)) {
            throw new IOException(folder + " is not the folder of a run: there is no " + config);
        }
        Path sample = folder.resolve("sample.txt");
        return new RunRecord(name, parse(Files.readString(config), config, 1),
                readMetrics(folder.resolve("metrics.jsonl")), Files.exists(sample) ? Files.readString(sample) : "");
    }

    private static List<JsonNode> readMetrics(Path file) throws IOException {
        List<JsonNode> metrics = new ArrayList<>();
        if (!Files.exists(file)) {
            return metrics;
        }
        String text = Files.readString(file);
        // A last line without its end is still being written, or was when the machine stopped.
        List<String> lines = text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            metrics.add(parse(lines.get(i), file, i + 1));
        }
        return metrics;
    }

    private static JsonNode parse(String text, Path file, int line) throws IOException {
        try {
            JsonNode node = JSON.readTree(text);
            if (node.isObject()) {
                return node;
            }
        } catch (JsonProcessingException e) {
            throw new IOException(file + ", line " + (line - 1 + Math.max(1, e.getLocation().getLineNr())) + ": expected JSON: "
                    + e.getOriginalMessage(), e);
        }
        throw new IOException(file + ", line " + line + ": expected a JSON object");
    }

    /** Returns a value over the steps at which the metrics have it as a number. */
    Series series(String name, String key, boolean marked) {
        NavigableMap<Long, Double> points = new TreeMap<>();
        lines(key).filter(line -> line.has("step")).forEach(line -> points.put(line.get("step").asLong(), line.get(key).asDouble()));
        return new Series(name, points, marked);
    }

    /** Returns the lowest perplexity on the validation text. */
    OptionalDouble bestValidation() {
        return values("valid_perplexity").min();
    }

    /** Returns the perplexity on the test text. */
    OptionalDouble test() {
        return values("test_perplexity").reduce((earlier, later) -> later);
    }

    /** Returns the median of the reported speeds, in words a second. */
    OptionalDouble speed() {
        double[] sorted = values("tokens_per_second").sorted().toArray();
        return sorted.length == 0 ? OptionalDouble.empty() : OptionalDouble.of(sorted[sorted.length / 2]);
    }

    /** Returns the seconds of training done. */
    OptionalDouble seconds() {
        return values("seconds").max();
    }

    /** Returns the number of steps done. */
    long steps() {
        return lines("step").mapToLong(line -> line.get("step").asLong()).max().orElse(0);
    }

    /** Returns the metrics' lines that hold a sample. */
    List<JsonNode> samples() {
        return metrics.stream().filter(line -> line.path("sample").isTextual()).toList();
    }

    private DoubleStream values(String key) {
        return lines(key).mapToDouble(line -> line.get(key).asDouble());
    }

    private Stream<JsonNode> lines(String key) {
        return metrics.stream().filter(line -> line.path(key).isNumber());
    }
}
