package dev.gatun.examples.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Several runs beside each other, the one that predicts its validation text best first. */
public final class Comparison {
    private static final String NONE = "-";

    /** What columns of their own say. */
    private static final Set<String> RESULTS = Set.of("parameters", "steps");

    private final List<RunRecord> runs;

    private Comparison(List<RunRecord> runs) {
        this.runs = runs;
    }

    /**
     * Reads the runs in some folders, which are named by their last parts if these differ.
     *
     * @throws IOException if one cannot be read or is not that of a run
     */
    public static Comparison of(List<Path> folders) throws IOException {
        boolean distinct = folders.stream().map(Path::getFileName).distinct().count() == folders.size();
        List<RunRecord> runs = new ArrayList<>();
        for (Path folder : folders) {
            runs.add(RunRecord.read(folder, (distinct ? folder.getFileName() : folder).toString()));
        }
        runs.sort(Comparator.comparingDouble(run -> run.bestValidation().orElse(Double.POSITIVE_INFINITY)));
        return new Comparison(runs);
    }

    /** Returns the table's rows, of which the first holds the titles: results, and the options in which the runs differ. */
    public List<List<String>> rows() {
        List<Map<String, String>> options = runs.stream().map(run -> options(run.config())).toList();
        Set<String> differing = differing(options);
        List<List<String>> rows = new ArrayList<>();
        List<String> titles = new ArrayList<>(List.of("run", "validation", "test", "steps", "words/s", "parameters"));
        differing.forEach(option -> titles.add(option.replace('_', ' ')));
        rows.add(titles);
        for (int i = 0; i < runs.size(); i++) {
            RunRecord run = runs.get(i);
            List<String> row = new ArrayList<>(List.of(run.name(), decimal(run.bestValidation()), decimal(run.test()),
                    Text.whole(run.steps()), run.speed().isPresent() ? Text.whole(Math.round(run.speed().getAsDouble())) : NONE,
                    parameters(run.config())));
            for (String option : differing) {
                row.add(options.get(i).getOrDefault(option, NONE));
            }
            rows.add(row);
        }
        return rows;
    }

    /** Returns the table and the runs' curves as HTML in one piece. */
    public String page() throws IOException {
        List<Chart> charts = List.of(
                new Chart("Validation perplexity", true, each(run -> run.series(run.name(), "valid_perplexity", true))),
                new Chart("Training loss", false, each(run -> run.series(run.name(), "loss", false))));
        return Page.of(runs.size() + " runs", Html.table("Perplexities, speed, and the options in which they differ", rows()), charts, "");
    }

    private List<Series> each(Function<RunRecord, Series> series) {
        return runs.stream().map(series).toList();
    }

    private static String decimal(OptionalDouble value) {
        return value.isPresent() ? Text.decimal(value.getAsDouble()) : NONE;
    }

    private static String parameters(JsonNode config) {
        JsonNode count = config.at("/model/parameters");
        return count.isNumber() ? Text.whole(count.asLong()) : NONE;
    }

    /** The options of each group by their names, but not the machine's. */
    private static Map<String, String> options(JsonNode config) {
        Map<String, String> options = new LinkedHashMap<>();
        config.properties().stream().filter(group -> group.getValue().isObject() && !group.getKey().equals("environment"))
                .flatMap(group -> group.getValue().properties().stream())
                .filter(option -> !option.getValue().isNull() && !RESULTS.contains(option.getKey()))
                .forEach(option -> options.put(option.getKey(), Text.option(option.getValue())));
        return options;
    }

    private static Set<String> differing(List<Map<String, String>> options) {
        Set<String> names = new LinkedHashSet<>();
        options.forEach(one -> names.addAll(one.keySet()));
        names.removeIf(name -> options.stream().map(one -> one.getOrDefault(name, NONE)).collect(Collectors.toSet()).size() == 1);
        return names;
    }
}
