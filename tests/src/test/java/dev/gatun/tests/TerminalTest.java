package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training at a terminal; what it prints elsewhere is seen in the other tests of the command. */
class TerminalTest {
    @TempDir
    private Path folder;

    private List<String> command;

    @BeforeEach
    void writeText() throws Exception {
        Files.writeString(folder.resolve("text.txt"), "the lock lifts the ship\n".repeat(100));
        command = List.of("env", "-C", folder.toString(), "GATUN_DEVICE=host", Launcher.SCRIPT.toString(),
                "train", "--data", "text.txt", "--valid", "text.txt", "--embed", "8", "--hidden", "8", "--batch", "2", "--seq", "5",
                "--steps", "30", "--words", "5", "--out", "run");
    }

    private Forked atTerminal(String type) throws Exception {
        return Forked.run(List.of("env", "TERM=" + type, Peers.terminal().toString(), "-qec", "stty cols 100; " + String.join(" ", command),
                "/dev/null"));
    }

    @Test
    void aTerminalShowsABarInOneLine() throws Exception {
        String output = atTerminal("xterm").succeeded();
        assertTrue(output.contains("\r\033[K100%") && output.contains("30/30"), output);
        assertTrue(output.contains("\r\033[KEpoch [1/1], validation perplexity: "), output);
        assertFalse(output.contains("Step ["), output);
        for (String drawn : output.split("\r\033\\[K")) {
            assertTrue(drawn.lines().findFirst().orElse("").length() <= 100, drawn);
        }
    }

    @Test
    void aTerminalThatCannotMoveItsCursorGetsLines() throws Exception {
        String output = atTerminal("dumb").succeeded();
        assertTrue(output.contains("Epoch [1/1], Step [30/30], Loss: "), output);
        assertFalse(output.contains("\033["), output);
    }
}
