package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The measured parts of {@code docs/kernels.md}, each between two comments. With {@code -Dgatun.update.docs=true} a test writes its
 * part instead of comparing.
 */
final class KernelPage {
    private static final Path PAGE = Path.of("..", "docs", "kernels.md");

    private KernelPage() {}

    /** Fails unless a part of the page says just this. */
    static void assertSays(String part, String content) throws IOException {
        String begin = "<!-- " + part + ": measured, do not edit -->\n";
        String end = "<!-- end of " + part + " -->";
        String page = Files.readString(PAGE);
        int from = page.indexOf(begin);
        int to = page.indexOf(end);
        assertTrue(from >= 0 && to > from, () -> PAGE + " has no part '" + part + "'");
        from += begin.length();
        if (Boolean.getBoolean("gatun.update.docs")) {
            Files.writeString(PAGE, page.substring(0, from) + content + page.substring(to));
        } else {
            assertEquals(content, page.substring(from, to),
                    "the part '" + part + "' of docs/kernels.md is out of date: run with -Dgatun.update.docs=true");
        }
    }
}
