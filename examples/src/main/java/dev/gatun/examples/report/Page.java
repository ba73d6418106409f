package dev.gatun.examples.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A page in one file: its style, its script, the library that draws the charts and their points are all inside. */
final class Page {
    /** Where uPlot's WebJar keeps it; the version is that of the dependency. */
    private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/";

    private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");

    private Page() {}

    /**
     * Returns a page.
     *
     * @param title its heading, as text
     * @param summary HTML above the charts
     * @param charts what is drawn; those without a curve are left out
     * @param details HTML below the charts
     */
    static String of(String title, String summary, List<Chart> charts, String details) throws IOException {
        ArrayNode json = JsonNodeFactory.instance.arrayNode();
        charts.stream().filter(chart -> !chart.series().isEmpty()).forEach(chart -> json.add(chart.toJson()));
        Map<String, String> content = Map.of(
                "title", Html.escape(title),
                "summary", summary,
                // "<" occurs in strings only, and must not end the element that holds the JSON
                "charts", json.toString().replace("<", "\\u003c"),
                "details", details,
                "style", resource(UPLOT + "dist/uPlot.min.css") + "\n" + resource("page.css"),
                "library", "/*\n" + resource(UPLOT + "LICENSE") + "\n*/\n" + resource(UPLOT + "dist/uPlot.iife.min.js"),
                "script", resource("page.js"));
        return PLACE.matcher(resource("page.html")).replaceAll(place -> Matcher.quoteReplacement(content.get(place.group(1))));
    }

    private static String resource(String name) throws IOException {
        try (InputStream stream = name.startsWith("/") ? Page.class.getClassLoader().getResourceAsStream(name.substring(1))
                : Page.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IOException("there is no " + name + " on the class path; is the jar of uPlot there, in the version of pom.xml?");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
