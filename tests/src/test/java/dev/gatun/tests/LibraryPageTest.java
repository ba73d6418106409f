package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@code docs/library.md} shows and links to is there, and its Java is compiled and run by the tests. */
class LibraryPageTest {
    private static final Path PAGE = Path.of("../docs/library.md");

    @Test
    void everyJavaBlockIsPartOfAProgram() throws IOException {
        String sources = "";
        for (Path root : List.of(Path.of("../examples/src/main/java"), Path.of("src/test"))) {
            try (Stream<Path> files = Files.walk(root)) {
                for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
                    sources += withoutIndentation(Files.readString(file));
                }
            }
        }
        List<String> blocks = found("```java\n(.*?)```");
        assertTrue(blocks.size() >= 8, blocks::toString);
        for (String block : blocks) {
            assertTrue(sources.contains(withoutIndentation(block)), block);
        }
    }

    @Test
    void everyLinkLeadsToAFile() throws IOException {
        for (String link : found("\\]\\(([^)#]+)\\)")) {
            assertTrue(Files.exists(PAGE.resolveSibling(link)), link);
        }
    }

    private static List<String> found(String pattern) throws IOException {
        return Pattern.compile(pattern, Pattern.DOTALL).matcher(Files.readString(PAGE)).results().map((MatchResult match) -> match.group(1))
                .toList();
    }

    private static String withoutIndentation(String text) {
        return text.lines().map(String::strip).collect(Collectors.joining("\n")) + "\n";
    }
}
