package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gatun.examples.tensorboard.EventFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written for TensorBoard, read by TensorBoard. */
class TensorBoardTest {
    private static final long TIME = 1_700_000_000_250L;

    @TempDir
    private Path folder;

    private JsonNode read() throws IOException, InterruptedException {
        return new ObjectMapper().readTree(Forked.python("read_events.py", folder).succeeded());
    }

    @Test
    void tensorBoardReadsTheScalarsAndTheirTimes() throws Exception {
        // Steps of one, two, three and six bytes; a tag that is longer than one byte can say.
        long[] steps = {0, 1, 127, 128, 70_000, 1L << 40};
        String longTag = "a/" + "long ".repeat(40) + "näme";
        try (EventFile events = EventFile.create(folder, TIME)) {
            for (long step : steps) {
                events.scalars(step, TIME + step % 1000, Map.of("loss/training", 1.5f / (step + 1), longTag, -step * 1e-3f));
            }
        }
        // A resumed run's; TensorBoard reads on in it.
        try (EventFile events = EventFile.create(folder, TIME + 1)) {
            events.scalars((1L << 40) + 1, TIME, Map.of("loss/training", 1e-30f));
        }
        JsonNode scalars = read();
        assertEquals(2, scalars.size(), scalars.toString());
        JsonNode loss = scalars.get("loss/training");
        assertEquals(steps.length + 1, loss.size());
        for (int i = 0; i < steps.length; i++) {
            assertEquals(steps[i], loss.get(i).get(0).asLong());
            assertEquals((TIME + steps[i] % 1000) / 1e3, loss.get(i).get(1).asDouble());
            assertEquals(1.5f / (steps[i] + 1), loss.get(i).get(2).floatValue());
            assertEquals(-steps[i] * 1e-3f, scalars.get(longTag).get(i).get(2).floatValue());
        }
        assertEquals(1e-30f, loss.get(steps.length).get(2).floatValue());
    }

    @Test
    void aRunIsFollowedWithAllItMeasures() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "the lock lifts the ship\n".repeat(100));
        Path run = folder.resolve("run");
        Forked.gatun("train", "--data", text, "--valid", text, "--test", text, "--embed", 8, "--hidden", 8, "--batch", 2, "--seq", 5,
                "--steps", 20, "--log-every", 10, "--words", 5, "--out", run, "--tensorboard").succeeded();
        JsonNode scalars = new ObjectMapper().readTree(Forked.python("read_events.py", run).succeeded());
        for (String tag : new String[] {"loss/training", "perplexity/training", "perplexity/validation", "perplexity/test",
                "optimization/learning_rate", "optimization/gradient_norm", "speed/words_per_second"}) {
            assertTrue(scalars.has(tag), tag + " in " + scalars);
        }
        assertEquals(20, scalars.get("loss/training").get(scalars.get("loss/training").size() - 1).get(0).asInt());
    }
}
