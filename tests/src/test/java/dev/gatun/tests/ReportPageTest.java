package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gatun.examples.report.Comparison;
import dev.gatun.examples.report.RunReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pages on runs, as a browser shows them. The pictures stay in {@code target/pages} for people to look at. */
class ReportPageTest {
    private static final int REPORTS = 40;
    private static final int EPOCHS = 4;
    private static final int PHONE = 390;
    private static final int DESKTOP = 1280;

    /** What a hostile text would try; it must be shown and not run. */
    private static final String MARKUP = "</script><script>document.title = 'run'</script>"
            + "<img src='https://example.org/x'> {{style}} & more";

    /** Counts, for each colour, the corners of the lines and the marks that the page draws. */
    private static final String COUNT_STROKES = """
            window.strokes = {};
            for (const [method, counter] of [["lineTo", "corners"], ["arc", "marks"]]) {
              const original = Path2D.prototype[method];
              Path2D.prototype[method] = function (...values) {
                this[counter] = (this[counter] ?? 0) + 1;
                return original.apply(this, values);
              };
            }
            const stroke = CanvasRenderingContext2D.prototype.stroke;
            CanvasRenderingContext2D.prototype.stroke = function (path) {
              const chart = this.canvas.closest("section")?.querySelector("h2")?.textContent;
              if (path) {
                (window.strokes[chart] ??= []).push([path.corners ?? 0, path.marks ?? 0]);
              }
              return path ? stroke.call(this, path) : stroke.call(this);
            };
            """;

    @TempDir
    private static Path folder;

    private static Browser browser;
    private static Path pictures;

    private JsonNode strokes;

    @BeforeAll
    static void startBrowser() throws Exception {
        browser = new Browser(Peers.chromium(), Files.createDirectories(folder.resolve("profile")));
        browser.prepare(COUNT_STROKES);
        pictures = Files.createDirectories(Path.of("target/pages"));
    }

    @AfterAll
    static void stopBrowser() throws Exception {
        if (browser != null) {
            browser.close();
        }
    }

    @BeforeEach
    void lookAtADesktop() throws Exception {
        browser.emulate(DESKTOP, 900, false, false);
    }

    /** Writes the folder of a run whose loss falls at some rate. */
    private Path run(String name, double rate) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        Files.writeString(run.resolve("config.json"), """
                {"model": {"vocabulary": 10000, "embed": 128, "hidden": 1024, "layers": 1, "parameters": 16260880},
                 "training": {"preset": "tutorial", "batch": 20, "epochs": 4, "learning_rate": %s, "init": null},
                 "corpus": {"data": "a/very/long/path/that/does/not/fit/on/a/phone/and/has/no/space/to/break/at/text.txt"},
                 "device": "host device", "environment": {"JDK": "25"}}
                """.formatted(rate / 100));
        List<String> lines = new ArrayList<>();
        for (int i = 1; i <= REPORTS; i++) {
            double loss = 3 + 6 * Math.exp(-rate * i) + 0.1 * Math.sin(17 * i);
            int epoch = 1 + (i - 1) * EPOCHS / REPORTS;
            lines.add(String.format(Locale.ROOT, "{\"epoch\":%d,\"step\":%d,\"loss\":%.4f,\"perplexity\":%.2f,\"grad_norm\":%.3f,"
                    + "\"lr\":%.6f,\"tokens_per_second\":%.1f,\"seconds\":%d}", epoch, i * 100, loss, Math.exp(loss),
                    0.4 + 0.1 * Math.cos(5 * i),
                    0.002 * Math.pow(0.5, epoch - 1), 2950 + 50 * Math.sin(i), i * 20));
            if (i * EPOCHS % REPORTS == 0) {
                lines.add(String.format(Locale.ROOT, "{\"epoch\":%d,\"step\":%d,\"valid_perplexity\":%.2f,\"best\":true,\"seconds\":%d}",
                        epoch, i * 100, Math.exp(loss + 0.2), i * 20));
                lines.add("{\"epoch\":" + epoch + ",\"step\":" + i * 100 + ",\"sample\":\"after epoch " + epoch + " " + MARKUP + "\"}");
            }
        }
        lines.add("{\"step\":4000,\"test_perplexity\":21.5,\"seconds\":800}");
        Files.write(run.resolve("metrics.jsonl"), lines);
        Files.writeString(run.resolve("sample.txt"), "the lock lifts the ship\n".repeat(40) + MARKUP + "\n");
        return run;
    }

    private void page(String name, String html) throws Exception {
        Path page = Files.writeString(folder.resolve(name + ".html"), html);
        browser.open(page);
        strokes = browser.evaluate("strokes"); // a picture may take another drawing
        browser.screenshot(pictures.resolve(name + ".png"));
    }

    /** Returns, for each chart, the corners and marks of its series in their order. */
    private Map<String, List<List<Integer>>> drawn() {
        Map<String, List<List<Integer>>> charts = new HashMap<>();
        strokes.properties().forEach(chart -> {
            List<List<Integer>> strokes = new ArrayList<>();
            chart.getValue().forEach(stroke -> strokes.add(List.of(stroke.get(0).asInt(), stroke.get(1).asInt())));
            charts.put(chart.getKey(), strokes);
        });
        return charts;
    }

    @Test
    void everyCurveIsDrawnThroughAllItsPoints() throws Exception {
        page("run", RunReport.of(run("tutorial", 0.1)));
        List<Integer> training = List.of(REPORTS, 0);
        List<List<Integer>> validation = List.of(List.of(EPOCHS, 0), List.of(0, EPOCHS));
        List<List<Integer>> both = List.of(training, validation.get(0), validation.get(1));
        assertEquals(Map.of("Loss", both, "Perplexity", both, "Learning rate", List.of(training),
                "Gradient norm, before clipping", List.of(training), "Words a second", List.of(training)), drawn());
    }

    @Test
    void aFileOpenedAloneIsComplete() throws Exception {
        page("alone", RunReport.of(run("alone", 0.1)));
        List<String> requested = browser.events("Network.requestWillBeSent").stream()
                .map(event -> event.at("/request/url").asText()).filter(url -> !url.startsWith("data:")).toList();
        assertEquals(1, requested.size(), requested.toString());
        assertTrue(requested.getFirst().startsWith("file:"), requested.toString());
        for (String kind : List.of("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")) {
            assertEquals(List.of(), browser.events(kind));
        }
    }

    @Test
    void textsAreShownAsTheyAre() throws Exception {
        page("markup", RunReport.of(run("markup", 0.1)));
        assertEquals("markup · Gatun", browser.evaluate("document.title").asText());
        List<String> samples = new ArrayList<>();
        browser.evaluate("[...document.querySelectorAll('pre')].map(pre => pre.textContent)").forEach(one -> samples.add(one.asText()));
        assertEquals(EPOCHS + 1, samples.size());
        assertEquals("after epoch 1 " + MARKUP, samples.getFirst());
        assertTrue(samples.getLast().endsWith(MARKUP + "\n"), samples.getLast());
        String text = browser.evaluate("document.body.innerText").asText();
        for (String part : List.of("Test perplexity", "21.50", "16,260,880", "13 min 20 s", "learning rate", "tutorial")) {
            assertTrue(text.contains(part), text);
        }
        assertFalse(text.contains("init"), "an option that was not given is not listed");
    }

    @Test
    void itFitsAPhone() throws Exception {
        browser.emulate(PHONE, 844, true, false);
        page("phone", RunReport.of(run("phone", 0.1)));
        assertEquals(PHONE, browser.evaluate("innerWidth").asInt());
        assertEquals(PHONE, browser.evaluate("document.documentElement.scrollWidth").asInt());
        assertEquals(REPORTS, drawn().get("Words a second").getFirst().getFirst());
        // No card is cut off either, as what it holds is never wider than it.
        assertEquals(0, browser.evaluate("[...document.querySelectorAll('.card')]"
                + ".filter(card => card.scrollWidth > card.clientWidth).length").asInt());
    }

    @Test
    void theChartsFollowTheWindowsWidth() throws Exception {
        page("resized", RunReport.of(run("resized", 0.1)));
        browser.emulate(PHONE, 844, true, false);
        browser.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))");
        assertEquals(PHONE, browser.evaluate("document.documentElement.scrollWidth").asInt());
        assertTrue(browser.evaluate("document.querySelector('.uplot').clientWidth").asInt() > PHONE / 2);
    }

    @Test
    void inTheDarkTheGroundIsDarkAndTheCurvesStandOut() throws Exception {
        page("light", RunReport.of(run("light", 0.1)));
        double light = brightness("body", "backgroundColor");
        assertTrue(light > 0.9 && brightness("body", "color") < 0.2);
        JsonNode curve = browser.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--series-1')");

        browser.emulate(DESKTOP, 900, false, true);
        page("dark", RunReport.of(run("dark", 0.1)));
        assertTrue(brightness("body", "backgroundColor") < 0.1 && brightness("body", "color") > 0.8);
        assertNotEquals(curve, browser.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--series-1')"));
        assertEquals(REPORTS, drawn().get("Loss").getFirst().getFirst());
    }

    /** Returns a colour's brightness, from 0 to 1. */
    private double brightness(String element, String property) throws Exception {
        String color = browser.evaluate("getComputedStyle(document.querySelector('" + element + "'))." + property).asText();
        String[] parts = color.replaceAll("[^0-9,]", "").split(",");
        return (0.299 * Integer.parseInt(parts[0]) + 0.587 * Integer.parseInt(parts[1]) + 0.114 * Integer.parseInt(parts[2])) / 255;
    }

    @Test
    void underTheCursorTheValuesAreShown() throws Exception {
        page("hover", RunReport.of(run("hover", 0.1)));
        String before = browser.evaluate("document.querySelector('.u-legend').innerText").asText();
        JsonNode over = browser.evaluate("(({x, y, width, height}) => ({x, y, width, height}))"
                + "(document.querySelector('.u-over').getBoundingClientRect())");
        browser.call("Input.dispatchMouseEvent", Map.of("type", "mouseMoved",
                "x", over.get("x").asDouble() + over.get("width").asDouble() / 4,
                "y", over.get("y").asDouble() + over.get("height").asDouble() / 2));
        browser.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))");
        String after = browser.evaluate("document.querySelector('.u-legend').innerText").asText();
        assertTrue(before.contains("4,000") && !after.contains("4,000"), before + " / " + after);
        assertTrue(after.contains("1,100"), after); // a quarter of the way from 100 to 4000 is 1075
    }

    @Test
    void aRunThatHasOnlyBegunHasAPage() throws Exception {
        Path run = run("begun", 0.1);
        Files.delete(run.resolve("metrics.jsonl"));
        Files.delete(run.resolve("sample.txt"));
        page("begun", RunReport.of(run));
        assertEquals(List.of(), browser.events("Runtime.exceptionThrown"));
        assertEquals(Map.of(), drawn());
    }

    @Test
    void aComparisonDrawsACurveForEachRun() throws Exception {
        Comparison comparison = Comparison.of(List.of(run("slow", 0.05), run("fast", 0.2), run("middle", 0.1)));
        page("comparison", comparison.page());
        assertEquals(List.of(List.of(REPORTS, 0), List.of(REPORTS, 0), List.of(REPORTS, 0)), drawn().get("Training loss"));
        assertEquals(3, drawn().get("Validation perplexity").stream().filter(stroke -> stroke.get(1) == EPOCHS).count());
        assertEquals(3, browser.evaluate("document.querySelectorAll('.scroll tbody tr').length").asInt());
        assertEquals(List.of(), browser.events("Runtime.exceptionThrown"));

        browser.emulate(PHONE, 844, true, true);
        page("comparison-phone", comparison.page());
        assertEquals(PHONE, browser.evaluate("document.documentElement.scrollWidth").asInt());
    }
}
