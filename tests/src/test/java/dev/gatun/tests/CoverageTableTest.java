package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Keeps {@code docs/coverage.md}, the table of what is bound, wrapped, computed and tested, true to the sources. With
 * {@code -Dgatun.update.docs=true} it writes the page instead of comparing.
 */
class CoverageTableTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern GENERATED_CALL = Pattern.compile("\\b(?:Cudart|CudaDriver|Cublas|CublasLt|Cudnn)\\.(cu\\w+)\\(");
    private static final Pattern HOST_METHOD = Pattern.compile("^    (?:int|long) (cu\\w+)\\(", Pattern.MULTILINE);
    private static final Pattern WORD = Pattern.compile("\\w+");
    private static final Map<String, String> LIBRARIES = new TreeMap<>(Map.of("cudart", "CUDA runtime", "driver", "CUDA driver",
            "cublas", "cuBLAS", "cublaslt", "cuBLASLt", "cudnn", "cuDNN"));

    @Test
    void theCoverageTableSaysWhatTheSourcesSay() throws IOException {
        String table = table();
        Path page = ROOT.resolve("docs/coverage.md");
        if (Boolean.getBoolean("gatun.update.docs")) {
            Files.writeString(page, table);
        }
        assertEquals(table, Files.readString(page), "docs/coverage.md is out of date: run mvn verify -Dgatun.update.docs=true");
    }

    private static String table() throws IOException {
        Map<String, Set<String>> wrappers = wrappers();
        Set<String> computed = matches(ROOT.resolve("host-device/src/main/java/dev/gatun/host"), HOST_METHOD);
        Set<String> tested = testWords();
        StringBuilder rows = new StringBuilder();
        StringBuilder summary = new StringBuilder();
        for (Map.Entry<String, String> library : LIBRARIES.entrySet()) {
            List<String> functions = bound(library.getKey());
            int[] counts = new int[3];
            rows.append("\n## ").append(library.getValue())
                    .append("\n\n| function | wrapped by | host device | tested |\n|---|---|---|---|\n");
            for (String function : functions) {
                Set<String> owners = wrappers.getOrDefault(function, Set.of());
                boolean isComputed = computed.contains(function);
                boolean isTested = tested.contains(function) || owners.stream().anyMatch(tested::contains);
                counts[0] += owners.isEmpty() ? 0 : 1;
                counts[1] += isComputed ? 1 : 0;
                counts[2] += isTested ? 1 : 0;
                rows.append("| ").append(function).append(" | ").append(owners.stream().sorted().collect(Collectors.joining(", ")))
                        .append(" | ").append(isComputed ? "yes" : "").append(" | ").append(isTested ? "yes" : "").append(" |\n");
            }
            summary.append("| ").append(library.getValue()).append(" | ").append(functions.size()).append(" | ").append(counts[0])
                    .append(" | ").append(counts[1]).append(" | ").append(counts[2]).append(" |\n");
        }
        return """
                # Coverage of the C functions

                Made from the sources by `CoverageTableTest`; do not edit. Bound: there is a generated Java method. Wrapped: an owned class
                calls it. Host device: the software device computes it, and answers every other with the library's "not supported".
                Tested: a test names the function, or the owned class that wraps it.

                | library | bound | wrapped | host device | tested |
                |---|---|---|---|---|
                """ + summary + rows;
    }

    private static List<String> bound(String library) throws IOException {
        try (Stream<String> lines = Files.lines(ROOT.resolve("native-headers/" + library + ".symbols"))) {
            return lines.filter(line -> line.startsWith("function "))
                    .map(line -> line.substring("function ".length()).strip()).sorted().toList();
        }
    }

    /** Returns, by C function, the simple names of the owned classes that call it. */
    private static Map<String, Set<String>> wrappers() throws IOException {
        Map<String, Set<String>> wrappers = new HashMap<>();
        for (Path source : sources(ROOT.resolve("bindings/src/main/java"))) {
            String owner = source.getFileName().toString().replace(".java", "");
            Matcher call = GENERATED_CALL.matcher(Files.readString(source));
            while (call.find()) {
                wrappers.computeIfAbsent(call.group(1), function -> new HashSet<>()).add(owner);
            }
        }
        return wrappers;
    }

    private static Set<String> matches(Path folder, Pattern pattern) throws IOException {
        Set<String> names = new HashSet<>();
        for (Path source : sources(folder)) {
            Matcher matcher = pattern.matcher(Files.readString(source));
            while (matcher.find()) {
                names.add(matcher.group(1));
            }
        }
        return names;
    }

    private static Set<String> testWords() throws IOException {
        Set<String> words = new HashSet<>();
        for (String module : List.of("bindings", "host-device", "lm", "examples", "tests")) {
            Path tests = ROOT.resolve(module + "/src/test/java");
            if (Files.isDirectory(tests)) {
                for (Path source : sources(tests)) {
                    WORD.matcher(Files.readString(source)).results().map(MatchResult::group).forEach(words::add);
                }
            }
        }
        return words;
    }

    private static List<Path> sources(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return new ArrayList<>(files.filter(file -> file.toString().endsWith(".java")).sorted().toList());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
