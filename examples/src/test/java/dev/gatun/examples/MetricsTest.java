package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
    @TempDir
    Path dir;

    private Path file() {
        return dir.resolve("metrics.jsonl");
    }

    @Test
    void eachLineIsWrittenWithItsTimeAndThenTold() throws IOException {
        List<ObjectNode> told = new ArrayList<>();
        try (Metrics metrics = Metrics.open(file(), 0, 100, List.of(told::add))) {
            metrics.add(RunDirectory.object().put("step", 1));
            metrics.add(RunDirectory.object().put("step", 2).put("sample", "two\nlines"));
            assertEquals(2, metrics.lines());
        }
        assertEquals(Files.readAllLines(file()), told.stream().map(ObjectNode::toString).toList());
        double first = told.get(0).get("seconds").asDouble();
        assertTrue(first >= 100 && told.get(1).get("seconds").asDouble() >= first, "the time before counts: " + told);
    }

    @Test
    void whatFollowsTheCheckpointIsCutOff() throws IOException {
        Files.writeString(file(), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"st");
        try (Metrics metrics = Metrics.open(file(), 2, 0, List.of())) {
            assertEquals(2, metrics.lines());
            metrics.add(RunDirectory.object().put("step", 4));
        }
        List<String> lines = Files.readAllLines(file());
        assertEquals(List.of("{\"step\":1}", "{\"step\":2}"), lines.subList(0, 2));
        assertTrue(lines.size() == 3 && lines.get(2).startsWith("{\"step\":4,"), lines.toString());
    }

    @Test
    void twoRunsCannotShareAFolder() throws IOException {
        try (Metrics metrics = Metrics.open(file(), 0, 0, List.of())) {
            String message = assertThrows(CommandException.class, () -> Metrics.open(file(), 0, 0, List.of())).getMessage();
            assertEquals(file() + " is in use: another process trains in this folder", message);
            metrics.add(RunDirectory.object());
        }
        Metrics.open(file(), 1, 0, List.of()).close();
    }
}
