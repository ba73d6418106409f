package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The completion script, in the shell that the launcher needs too. */
class CompletionTest {
    @TempDir
    private Path dir;

    /** Returns what bash offers for the last word of a line. */
    private Set<String> offered(String... line) throws IOException, InterruptedException {
        Path script = Files.writeString(dir.resolve("gatun_completion"), Outcome.of("completion").succeeded().out());
        // compopt works while bash completes only
        String commands = "compopt() { :; }; source '" + script + "'; COMP_WORDS=(" + String.join(" ", line) + ");"
                + " COMP_CWORD=" + (line.length - 1) + "; COMP_LINE=\"${COMP_WORDS[*]}\"; COMP_POINT=${#COMP_LINE}; _complete_gatun;"
                + " printf '%s\\n' \"${COMPREPLY[@]}\"";
        Process bash = new ProcessBuilder("bash", "-c", commands).redirectErrorStream(true).start();
        List<String> words = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().map(String::strip).toList();
        assertEquals(0, bash.waitFor(), words.toString());
        return Set.copyOf(words);
    }

    @Test
    void bashOffersTheCommands() throws Exception {
        Set<String> commands = offered("gatun", "''");
        assertTrue(commands.containsAll(Gatun.commandLine().getSubcommands().keySet()), commands.toString());
        assertEquals(Set.of("compare", "completion"), offered("gatun", "comp"));
    }

    @Test
    void bashOffersTheOptionsOfACommand() throws Exception {
        assertEquals(Set.of("--log-every", "--log-format"), offered("gatun", "train", "--log"));
        assertTrue(offered("gatun", "compare", "--o").contains("--out"));
    }
}
