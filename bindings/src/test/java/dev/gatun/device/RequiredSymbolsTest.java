package dev.gatun.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequiredSymbolsTest {
    @ParameterizedTest
    @CsvSource({"CUDART, Cudart, cudart", "DRIVER, CudaDriver, driver", "CUBLAS, Cublas, cublas", "CUDNN, Cudnn, cudnn"})
    void theRequiredSymbolsAreThoseThatTheOwnedClassesCall(NativeLibrary library, String generated, String symbols) throws IOException {
        Set<String> functions;
        try (Stream<String> lines = Files.lines(Path.of("../native-headers", symbols + ".symbols"))) {
            functions = Set.copyOf(lines.filter(line -> line.startsWith("function ")).map(line -> line.substring(9).strip()).toList());
        }
        Set<String> called = new TreeSet<>();
        for (Path source : sources()) {
            Matcher call = Pattern.compile("\\b" + generated + "\\.(\\w+)\\(").matcher(Files.readString(source));
            while (call.find()) {
                if (functions.contains(call.group(1))) {
                    called.add(call.group(1));
                }
            }
        }
        assertEquals(new ArrayList<>(called), RequiredSymbols.BY_LIBRARY.getOrDefault(library, List.of()));
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }
}
