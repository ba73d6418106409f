package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.examples.tensorboard.EventFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Follows a run as TensorBoard's scalars. */
final class TensorBoardView implements TrainingView {
    /** What TensorBoard calls each value of the metrics; it groups by what stands before the slash. */
    private static final Map<String, String> TAGS = new LinkedHashMap<>();

    static {
        TAGS.put("loss", "loss/training");
        TAGS.put("perplexity", "perplexity/training");
        TAGS.put("valid_perplexity", "perplexity/validation");
        TAGS.put("test_perplexity", "perplexity/test");
        TAGS.put("lr", "optimization/learning_rate");
        TAGS.put("grad_norm", "optimization/gradient_norm");
        TAGS.put("tokens_per_second", "speed/words_per_second");
    }

    private final EventFile events;

    /** Makes a file in a run's folder. */
    TensorBoardView(Path run) throws IOException {
        events = EventFile.create(run, System.currentTimeMillis());
    }

    @Override
    public void line(ObjectNode line) {
        Map<String, Float> scalars = new LinkedHashMap<>();
        TAGS.forEach((key, tag) -> {
            if (line.path(key).isNumber()) {
                scalars.put(tag, line.get(key).floatValue());
            }
        });
        if (scalars.isEmpty()) {
            return;
        }
        try {
            events.scalars(line.path("step").asLong(), System.currentTimeMillis(), scalars);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            events.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
