package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LmPtxTest {
    private static final Pattern ENTRY = Pattern.compile("\\.entry (\\w+)\\(([^)]*)\\)");
    private static final Pattern PARAMETER = Pattern.compile("\\.param \\.(\\w+) ");

    @TempDir
    Path dir;

    @Test
    void declaresThePtxVersionAndTargetThatEveryDriverOfCuda12Takes() {
        List<String> lines = LmPtx.text().lines().filter(line -> line.startsWith(".")).limit(3).toList();
        assertEquals(List.of(".version 8.0", ".target sm_75", ".address_size 64"), lines);
    }

    @Test
    void declaresJustTheKernelsThatHaveTwinsWithTheParametersThatTheTwinsRead() {
        Map<String, List<String>> declared = new TreeMap<>();
        Matcher entry = ENTRY.matcher(LmPtx.text());
        while (entry.find()) {
            declared.put(entry.group(1), PARAMETER.matcher(entry.group(2)).results().map(type -> type.group(1)).toList());
        }
        Map<String, List<String>> read = new TreeMap<>();
        ExampleLaunches.all(1).forEach((kernel, launch) -> {
            launch.run(kernel);
            read.put(kernel, launch.typesRead());
        });
        assertEquals(read, declared);
        assertEquals(new LmKernelTwins().byName().keySet(), declared.keySet());
    }

    @Test
    void isWhatItsSourceCompilesTo() throws IOException, InterruptedException {
        requireTool("nvcc");
        Path made = dir.resolve("made.ptx");
        run("bash", "src/main/cuda/build.sh", made.toString());
        assertTrue(Files.readString(made).equals(LmPtx.text()), "kernels.ptx is not made from kernels.cu; run src/main/cuda/build.sh");
    }

    @ParameterizedTest
    @ValueSource(ints = {75, 80, 86, 89, 90, 100, 120})
    void assemblesForEveryArchitectureWithoutSpillingRegisters(int architecture) throws IOException, InterruptedException {
        requireTool("ptxas");
        Path ptx = Files.writeString(dir.resolve("kernels.ptx"), LmPtx.text());
        String report = run("ptxas", "-v", "-arch=sm_" + architecture, "-o", dir.resolve("kernels.cubin").toString(), ptx.toString());
        List<String> spills = report.lines().filter(line -> line.contains("spill")).toList();
        assertEquals(new LmKernelTwins().byName().size(), spills.size(), report);
        assertTrue(spills.stream().allMatch(line -> line.contains(" 0 bytes spill stores, 0 bytes spill loads")), report);
    }

    /** Returns where the tool of CUDA 13.0 is on the path; elsewhere aborts the test, or fails it in continuous integration. */
    private static void requireTool(String tool) throws InterruptedException {
        String version;
        try {
            version = run(tool, "--version");
        } catch (IOException absent) {
            version = absent.getMessage();
        }
        if (!version.contains("release 13.0")) {
            String message = tool + " of CUDA 13.0 is needed on the PATH to check kernels.ptx; found: " + version.strip();
            if ("true".equals(System.getenv("CI"))) {
                fail(message);
            }
            Assumptions.abort(message);
        }
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> String.join(" ", command) + "\n" + output);
        return output;
    }
}
