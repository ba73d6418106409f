package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The written code of the libraries is documented, and the {@code javadoc} tool finds nothing wrong with it. */
class JavadocTest {
    private static final List<Path> SOURCES = Stream.of("bindings", "host-device", "lm")
            .map(module -> Path.of("..", module, "src/main/java")).toList();

    private static final Pattern WARNING = Pattern.compile("\\S+\\.java:\\d+: (?:warning|error).*");

    /** A sentence says what a method returns or throws where a tag would only repeat it. */
    private static final Pattern MISSING_TAG = Pattern.compile(".*: warning: no @(?:param|return|throws).*");

    @TempDir
    private Path output;

    @Test
    void everyPublicMemberHasACommentAndNoCommentIsMalformed() throws Exception {
        // The generated bindings are read as classes, so that they are not documented.
        String classPath = Forked.classPathOf("gatun-bindings", "bindings/target/classes", "gatun-host-device",
                "host-device/target/classes");
        List<String> arguments = new ArrayList<>(List.of("-quiet", "-locale", "en_US", "-Xmaxwarns", "10000", "-Xdoclint:all",
                "-cp", classPath, "-d", output.toString()));
        for (Path source : SOURCES) {
            try (Stream<Path> files = Files.walk(source)) {
                files.filter(file -> file.toString().endsWith(".java") && !file.endsWith("module-info.java"))
                        .forEach(file -> arguments.add(file.toString()));
            }
        }
        StringWriter messages = new StringWriter();
        PrintWriter writer = new PrintWriter(messages);
        int exitCode = ToolProvider.findFirst("javadoc").orElseThrow().run(writer, writer, arguments.toArray(String[]::new));
        assertEquals(0, exitCode, messages::toString);
        assertEquals(List.of(), messages.toString().lines().filter(WARNING.asMatchPredicate())
                .filter(MISSING_TAG.asMatchPredicate().negate()).toList());
    }
}
