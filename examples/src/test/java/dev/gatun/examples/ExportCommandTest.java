package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportCommandTest {
    @TempDir
    Path dir;

    private Path run;

    @BeforeEach
    void train() throws IOException {
        run = dir.resolve("run");
        Path text = SmallText.write(dir.resolve("text.txt"), 50);
        Outcome.of("train", "--data", text, "--out", run, "--embed", 4, "--hidden", 8, "--batch", 2, "--seq", 5, "--steps", 2, "--words", 5)
                .succeeded();
    }

    @Test
    void modelAndVocabularyAreWrittenForOtherPrograms() throws IOException, OrtException {
        Path onnx = dir.resolve("model.onnx");
        Path vocabulary = dir.resolve("vocabulary.json");
        Outcome outcome = Outcome.of("export", "--model", run, "--onnx", onnx, "--vocabulary", vocabulary).succeeded();
        assertEquals("wrote " + onnx + "\nwrote " + vocabulary + "\n", outcome.out());

        try (OrtSession session = OrtEnvironment.getEnvironment().createSession(onnx.toString())) {
            assertEquals(Set.of("tokens", "h0", "c0"), session.getInputNames());
            assertEquals(Set.of("logits", "hn", "cn"), session.getOutputNames());
        }
        JsonNode json = new ObjectMapper().readTree(vocabulary.toFile());
        assertEquals("word", json.get("tokenizer").asText());
        assertEquals(Files.readAllLines(run.resolve("vocabulary.txt")),
                json.get("tokens").valueStream().map(JsonNode::asText).toList());
    }

    @Test
    void withoutATargetTheTargetsAreNamed() {
        Outcome outcome = Outcome.of("export", "--model", run);
        assertEquals(2, outcome.exitCode());
        assertTrue(outcome.err().contains("--onnx") && outcome.err().contains("--vocabulary"), outcome.err());
    }

    @Test
    void aFolderThatIsNoRunIsRefusedAndNothingWritten() {
        Path onnx = dir.resolve("model.onnx");
        Outcome outcome = Outcome.of("export", "--model", dir, "--onnx", onnx);
        assertEquals(1, outcome.exitCode());
        assertTrue(outcome.err().contains("not the folder of a finished run"), outcome.err());
        assertFalse(Files.exists(onnx));
    }
}
