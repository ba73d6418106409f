package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code gatun report} and {@code gatun compare}, on folders of runs written by hand. */
class RunPagesTest {
    @TempDir
    private Path dir;

    @BeforeEach
    void writeRuns() throws IOException {
        write("small", """
                {"model": {"hidden": 128, "parameters": 1000}, "training": {"batch": 20, "learning_rate": 0.0005, "init": null},
                 "environment": {"JDK": "25"}}""", """
                {"epoch":1,"step":1,"loss":9.2,"perplexity":9897.1,"grad_norm":1.5,"lr":5e-4,"tokens_per_second":100,"seconds":1}
                {"epoch":1,"step":100,"loss":5.5,"perplexity":244.7,"grad_norm":0.5,"lr":5e-4,"tokens_per_second":3000,"seconds":20}
                {"epoch":1,"step":1200,"loss":5.0,"perplexity":148.4,"grad_norm":0.5,"lr":5e-4,"tokens_per_second":2900,"seconds":240}
                {"epoch":1,"step":1200,"valid_perplexity":150.5,"best":true,"seconds":250}
                """);
        write("large", """
                {"model": {"hidden": 1024, "parameters": 16260880}, "training": {"batch": 20, "learning_rate": 0.002},
                 "environment": {"JDK": "26"}}""", """
                {"epoch":1,"step":600,"valid_perplexity":99.994,"best":true,"seconds":250}
                {"epoch":2,"step":1200,"valid_perplexity":120,"best":false,"seconds":500}
                {"step":1200,"test_perplexity":95.5,"seconds":510}
                """);
    }

    private void write(String name, String config, String metrics) throws IOException {
        Path run = Files.createDirectories(dir.resolve(name));
        Files.writeString(run.resolve("config.json"), config);
        Files.writeString(run.resolve("metrics.jsonl"), metrics);
    }

    private static List<String> words(String line) {
        return List.of(line.split(" {2,}"));
    }

    @Test
    void compareListsTheBestFirstWithTheOptionsThatDiffer() {
        List<String> lines = Outcome.of("compare", dir.resolve("small"), dir.resolve("large")).succeeded().out().lines().toList();
        assertEquals(3, lines.size(), lines.toString());
        assertEquals(List.of("run", "validation", "test", "steps", "words/s", "parameters", "hidden", "learning rate"),
                words(lines.get(0)));
        assertEquals(List.of("large", "99.99", "95.50", "1,200", "-", "16,260,880", "1024", "0.002"), words(lines.get(1)));
        assertEquals(List.of("small", "150.50", "-", "1,200", "2,900", "1,000", "128", "0.0005"), words(lines.get(2)));
        // The columns' right ends are below each other.
        assertEquals(lines.get(0).length(), lines.get(1).length());
        assertEquals(lines.get(0).length(), lines.get(2).length());
    }

    @Test
    void runsOfOneNameAreToldApartByTheirFolders() throws IOException {
        Path other = Files.createDirectories(dir.resolve("other/small"));
        for (String file : List.of("config.json", "metrics.jsonl")) {
            Files.copy(dir.resolve("small").resolve(file), other.resolve(file));
        }
        String table = Outcome.of("compare", dir.resolve("small"), other).succeeded().out();
        assertTrue(table.contains("\n" + dir.resolve("small") + " ") && table.contains("\n" + other + " "), table);
    }

    @Test
    void comparePutsTheTableAndTheCurvesInAPage() throws IOException {
        Path page = dir.resolve("comparison.html");
        Outcome.of("compare", dir.resolve("small"), dir.resolve("large"), "--out", page).succeeded();
        String html = Files.readString(page);
        assertTrue(html.contains("<td>99.99</td>"), html);
        assertTrue(html.contains("{\"name\":\"large\",\"marked\":true,\"x\":[600,1200],\"y\":[99.994,120.0]}"), html);
    }

    @Test
    void reportWritesTheSamePageAgain() throws IOException {
        Path page = dir.resolve("small/report.html");
        assertEquals(page + System.lineSeparator(), Outcome.of("report", dir.resolve("small")).succeeded().out());
        byte[] first = Files.readAllBytes(page);
        Outcome.of("report", dir.resolve("small")).succeeded();
        assertArrayEquals(first, Files.readAllBytes(page));
        assertTrue(Files.readString(page).contains("uPlot") && Files.readString(page).contains("Permission is hereby granted"));
    }

    @Test
    void aLineThatIsStillBeingWrittenIsLeftOut() throws IOException {
        Path metrics = dir.resolve("large/metrics.jsonl");
        String complete = Outcome.of("compare", dir.resolve("large")).succeeded().out();
        Files.writeString(metrics, Files.readString(metrics) + "{\"epoch\":3,\"step\":18");
        assertEquals(complete, Outcome.of("compare", dir.resolve("large")).succeeded().out());
    }

    @Test
    void aBrokenLineIsNamed() throws IOException {
        Path metrics = dir.resolve("large/metrics.jsonl");
        Files.writeString(metrics, Files.readString(metrics) + "no json\n");
        assertRefused(Outcome.of("report", dir.resolve("large")), metrics + ", line 4: expected JSON");
        Files.writeString(metrics, "[]\n");
        assertRefused(Outcome.of("report", dir.resolve("large")), metrics + ", line 1: expected a JSON object");
    }

    @Test
    void aFolderThatIsNoRunIsNamed() {
        assertRefused(Outcome.of("report", dir), dir + " is not the folder of a run: there is no " + dir.resolve("config.json"));
        assertRefused(Outcome.of("compare", dir.resolve("small"), dir.resolve("none")),
                dir.resolve("none") + " is not the folder of a run");
        assertEquals(2, Outcome.of("compare").exitCode());
    }

    private static void assertRefused(Outcome outcome, String message) {
        assertEquals(1, outcome.exitCode());
        assertTrue(outcome.err().contains(message), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
    }
}
