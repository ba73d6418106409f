package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same seed gives the same bits in another process too, where addresses, threads and compiled code are others. */
class ReproducibilityTest {
    @TempDir
    private Path folder;

    @Test
    void twoProcessesTrainTheSameBits() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "the lock lifts the ship and the next lock lifts it again\n".repeat(40));
        Path first = train(text, "first");
        Path second = train(text, "second");
        for (String file : new String[] {"model.safetensors", "sample.txt"}) {
            assertEquals(-1, Files.mismatch(first.resolve(file), second.resolve(file)), file);
        }
    }

    private Path train(Path text, String name) throws IOException, InterruptedException {
        Path run = folder.resolve(name);
        Forked.gatun("train", "--data", text, "--embed", 24, "--hidden", 40, "--layers", 2, "--batch", 5, "--seq", 7, "--epochs", 1,
                "--seed", 11, "--words", 50, "--out", run).succeeded();
        return run;
    }
}
