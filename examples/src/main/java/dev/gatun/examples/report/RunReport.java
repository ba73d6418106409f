package dev.gatun.examples.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The page on one training run. */
public final class RunReport {
    private RunReport() {}

    /**
     * Returns the page on the run in a folder, as HTML in one piece; the same folder gives the same page.
     *
     * @throws IOException if the folder cannot be read or is not that of a run
     */
    public static String of(Path folder) throws IOException {
        RunRecord run = RunRecord.read(folder, folder.toRealPath().getFileName().toString());
        return Page.of(run.name(), Html.tiles(summary(run)), charts(run), samples(run) + options(run.config()));
    }

    private static Map<String, String> summary(RunRecord run) {
        Map<String, String> facts = new LinkedHashMap<>();
        run.bestValidation().ifPresent(value -> facts.put("Best validation perplexity", Text.decimal(value)));
        run.test().ifPresent(value -> facts.put("Test perplexity", Text.decimal(value)));
        facts.put("Steps", Text.whole(run.steps()));
        run.speed().ifPresent(value -> facts.put("Words a second", Text.whole(Math.round(value))));
        run.seconds().ifPresent(value -> facts.put("Training time", Text.duration(value)));
        JsonNode parameters = run.config().at("/model/parameters");
        if (parameters.isNumber()) {
            facts.put("Parameters", Text.whole(parameters.asLong()));
        }
        return facts;
    }

    private static List<Chart> charts(RunRecord run) {
        Series validation = run.series("validation", "valid_perplexity", true);
        return List.of(
                new Chart("Loss", false, List.of(run.series("training", "loss", false), validation.map(Math::log))),
                new Chart("Perplexity", true, List.of(run.series("training", "perplexity", false), validation)),
                new Chart("Learning rate", false, List.of(run.series("learning rate", "lr", false))),
                new Chart("Gradient norm, before clipping", false, List.of(run.series("gradient norm", "grad_norm", false))),
                new Chart("Words a second", false, List.of(run.series("words a second", "tokens_per_second", false))));
    }

    private static String samples(RunRecord run) {
        StringBuilder html = new StringBuilder();
        for (JsonNode line : run.samples()) {
            html.append(sample("After epoch " + line.path("epoch").asText() + ", step " + Text.whole(line.path("step").asLong()),
                    line.get("sample").asText(), false));
        }
        if (!run.sample().isEmpty()) {
            html.append(sample("At the end", run.sample(), true));
        }
        return html.isEmpty() ? "" : "<section class=\"card\"><h2>What the model writes</h2>\n" + html + "</section>\n";
    }

    private static String sample(String title, String text, boolean open) {
        return "<details" + (open ? " open" : "") + "><summary>" + Html.escape(title) + "</summary><pre>" + Html.escape(text)
                + "</pre></details>\n";
    }

    /** A card for each group of the configuration, and one for what stands outside of the groups. */
    private static String options(JsonNode config) {
        Map<String, String> ungrouped = new LinkedHashMap<>();
        StringBuilder html = new StringBuilder("<div class=\"cards\">\n");
        config.properties().forEach(group -> {
            if (group.getValue().isObject()) {
                Map<String, String> facts = new LinkedHashMap<>();
                group.getValue().properties().forEach(option -> put(facts, option));
                html.append(Html.facts(Text.title(group.getKey()), facts));
            } else {
                put(ungrouped, group);
            }
        });
        return html.append(ungrouped.isEmpty() ? "" : Html.facts("Run", ungrouped)).append("</div>\n").toString();
    }

    private static void put(Map<String, String> facts, Map.Entry<String, JsonNode> option) {
        if (!option.getValue().isNull()) {
            facts.put(option.getKey().replace('_', ' '), Text.option(option.getValue()));
        }
    }
}
