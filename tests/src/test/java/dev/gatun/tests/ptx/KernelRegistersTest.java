package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.gatun.lm.kernels.LmPtx;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Registers, shared memory and spills of each kernel, as ptxas reports them. */
class KernelRegistersTest {
    private static final List<Integer> ARCHITECTURES = List.of(75, 80, 90, 120);
    private static final Pattern REPORT = Pattern.compile("Compiling entry function '(\\w+)'.*?(\\d+) bytes stack frame, (\\d+) bytes spill"
            + " stores, (\\d+) bytes spill loads.*?Used (\\d+) registers", Pattern.DOTALL);

    @TempDir
    Path folder;

    @Test
    void thePageSaysWhatPtxasReports() throws IOException, InterruptedException {
        requirePtxas();
        Path ptx = Files.writeString(folder.resolve("kernels.ptx"), LmPtx.text());
        TreeMap<String, List<String>> columns = new TreeMap<>();
        for (int architecture : ARCHITECTURES) {
            String cubin = folder.resolve("kernels.cubin").toString();
            Matcher report = REPORT.matcher(run("ptxas", "-v", "-arch=sm_" + architecture, "-o", cubin, ptx.toString()));
            while (report.find()) {
                String spilled = report.group(2) + " " + report.group(3) + " " + report.group(4);
                assertEquals("0 0 0", spilled, report.group(1) + " spills registers");
                columns.computeIfAbsent(report.group(1), kernel -> new ArrayList<>()).add(report.group(5));
            }
        }
        PtxModule module = PtxModule.parse(LmPtx.text());
        StringBuilder table = new StringBuilder("| kernel |");
        ARCHITECTURES.forEach(architecture -> table.append(" sm_").append(architecture).append(" |"));
        table.append(" shared bytes | spilled bytes |\n|---|").append("---|".repeat(ARCHITECTURES.size() + 2)).append('\n');
        columns.forEach((kernel, registers) -> table.append("| ").append(kernel).append(" | ").append(String.join(" | ", registers))
                .append(" | ").append(module.kernel(kernel).sharedBytes()).append(" | 0 |\n"));
        assertEquals(module.kernels().size(), columns.size());
        KernelPage.assertSays("registers", table.toString());
    }

    /** Elsewhere aborts the test, or fails it in continuous integration. */
    private static void requirePtxas() throws InterruptedException {
        String version;
        try {
            version = run("ptxas", "--version");
        } catch (IOException absent) {
            version = absent.getMessage();
        }
        if (!version.contains("release 13.0")) {
            String message = "ptxas of CUDA 13.0 is needed on the PATH to check docs/kernels.md; found: " + version.strip();
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
