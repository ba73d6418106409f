package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The completion script as people use it in zsh: an interactive shell reads it, and then the Tab key. */
class ZshCompletionTest {
    /** Types at a zsh on a terminal of its own until what is expected is shown; %s: the script. */
    private static final String TYPIST = """
            zmodload zsh/zpty
            zpty shell 'TERM=dumb zsh -f -i'
            zpty -w shell "source <(cat %s); echo rea''dy"
            zpty -r shell shown '*ready*'
            press_tab() {
                zpty -w -n shell "$1"$'\\t'
                zpty -r shell shown "*$1$2*"
                print -r -- "completed: $1$2"
                zpty -w -n shell $'\\C-u'
            }
            press_tab 'gatun eva' 'l'
            press_tab './gatun train --log-f' 'ormat'
            zpty -d shell
            """;

    @TempDir
    private Path folder;

    @Test
    void tabCompletesCommandsAndOptions() throws IOException, InterruptedException {
        String zsh = Peers.zsh().toString();
        Path script = Files.writeString(folder.resolve("completion"), Forked.gatun("completion").succeeded());
        Path typist = Files.writeString(folder.resolve("typist"), TYPIST.formatted(script));
        String shown = Forked.run(List.of("timeout", "60", zsh, "-f", typist.toString())).succeeded();
        assertTrue(shown.contains("completed: gatun eval") && shown.contains("completed: ./gatun train --log-format"), shown);
    }
}
