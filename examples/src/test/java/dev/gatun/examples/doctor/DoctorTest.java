package dev.gatun.examples.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.cuda.CudaException;
import dev.gatun.cuda.DeviceInfo;
import dev.gatun.cuda.Stream;
import dev.gatun.device.Device;
import dev.gatun.device.DeviceException;
import dev.gatun.generated.cudart.Cudart;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.kernels.LmPtx;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The examination on the software device in checked mode, with a speed measurement of a moment. */
class DoctorTest {
    private static final Speed MOMENT = new Speed(new ModelConfig(30, 4, 8, 1), 2, 3, 8, 64, 0.01);
    private static final int CUDA_ERROR_INVALID_VALUE = 1;

    private final StringWriter out = new StringWriter();

    private ObjectNode examine(List<Check> checks) {
        return doctor(false, checks).examine("gatun test", Device::current);
    }

    /** Other tests of this process have made native calls before: they are not counted. */
    private Doctor doctor(boolean json, List<Check> checks) {
        return new Doctor(new PrintWriter(out, true), json, checks, MOMENT, Optional.empty());
    }

    /** The check with one of its reference values, among the middle of each array, off by a tenth of the array's largest value. */
    private static Check withWrongReference(Check check) {
        return new Check(check.name(), check.compared(), check.bound(), comparer -> check.body().run((what, expected, found) -> {
            double[] wrong = expected.clone();
            double largest = 0;
            for (double value : expected) {
                largest = Math.max(largest, Math.abs(value));
            }
            wrong[wrong.length / 2] += 0.1 * largest;
            comparer.compare(what, wrong, found);
        }));
    }

    @Test
    void everyCheckPassesOnTheHostDevice() {
        ObjectNode report = examine(Doctor.allChecks());
        assertTrue(report.get("passed").asBoolean(), out.toString());
        assertTrue(out.toString().contains("All " + Doctor.allChecks().size() + " checks passed."), out.toString());
        assertTrue(report.at("/speed/words_per_second").asDouble() > 0, report.toString());
    }

    @Test
    void everyCheckFailsOnAWrongReferenceValueAndSaysWhere() {
        List<Check> wrong = Doctor.allChecks().stream().map(DoctorTest::withWrongReference).toList();
        ObjectNode report = examine(wrong);
        assertFalse(report.get("passed").asBoolean());
        for (JsonNode check : report.get("checks")) {
            assertFalse(check.get("passed").asBoolean(), check.toString());
            assertTrue(check.get("difference").asText().matches(".+, value \\d+ of \\d+: expected \\S+, found \\S+"), check.toString());
        }
        assertTrue(out.toString().contains(wrong.size() + " of " + wrong.size() + " checks FAILED."), out.toString());
    }

    @Test
    void everyKernelIsChecked() {
        Set<String> checked = Doctor.allChecks().stream().map(Check::name).filter(name -> name.startsWith("kernel "))
                .map(name -> name.substring("kernel ".length())).collect(Collectors.toSet());
        Set<String> kernels = new HashSet<>();
        LmPtx.text().lines().filter(line -> line.contains(".entry"))
                .forEach(line -> kernels.add(line.replaceAll(".*\\.entry (\\w+).*", "$1")));
        assertEquals(kernels, checked);
    }

    @Test
    void aValueThatIsNoNumberFails() {
        for (double bound : new double[] {0, Check.FLOAT32}) {
            Check.Result result = new Check("nan", "", bound, comparer ->
                    comparer.compare("x", new double[] {1, 2}, new double[] {1, Double.NaN})).run();
            assertFalse(result.passed());
            assertEquals("x, value 1 of 2: expected 2.00000000, found NaN", result.difference());
        }
    }

    @Test
    void aCallThatFailsIsAFailedCheckAndTheOthersRun() {
        Check failing = new Check("failing", "", 0, comparer -> CudaException.checkRuntime(CUDA_ERROR_INVALID_VALUE, "cudaMalloc"));
        ObjectNode report = examine(List.of(failing, BlasChecks.all().getFirst()));
        assertFalse(report.get("passed").asBoolean());
        assertTrue(report.at("/checks/0/difference").asText().contains("cudaErrorInvalidValue"), report.toString());
        assertTrue(report.at("/checks/0/error").isNull(), report.toString());
        assertTrue(report.at("/checks/1/passed").asBoolean(), report.toString());
    }

    @Test
    void aDeviceThatCannotBeHadIsReportedAsMissing() {
        ObjectNode report = doctor(false, Doctor.allChecks()).examine("gatun test", () -> {
            throw new DeviceException("no driver\nInstall one.");
        });
        assertFalse(report.get("passed").asBoolean());
        assertEquals("no driver\nInstall one.", report.get("missing").asText());
        assertTrue(report.at("/environment/JDK").isTextual(), report.toString());
        assertTrue(out.toString().contains("no driver\n                      Install one."), out.toString());
    }

    @Test
    void anObjectThatIsNotClosedIsFound() {
        List<Check> leaks = LeakChecks.all();
        try (Stream leaked = Stream.create()) {
            Check.Result result = leaks.getFirst().run();
            assertTrue(result.difference().startsWith("native objects made and destroyed"), result.difference());
        }
    }

    @Test
    void memoryThatIsNotFreedIsFound() {
        int bytes = 1 << 20;
        try (Arena arena = Arena.ofConfined()) {
            List<MemorySegment> lost = new ArrayList<>();
            Check.Result result = LeakChecks.all(() -> {
                MemorySegment pointer = arena.allocate(Cudart.C_POINTER);
                CudaException.checkRuntime(Cudart.cudaMalloc(pointer, bytes), "cudaMalloc");
                lost.add(pointer.get(Cudart.C_POINTER, 0));
                return DeviceInfo.freeMemoryBytes();
            }).getFirst().run();
            lost.forEach(Cudart::cudaFree);
            assertTrue(result.difference().startsWith("models whose memory came back"), result.difference());
        }
    }

    @Test
    void jsonIsQuietUntilTheEndAndListsAllChecks() throws IOException {
        ObjectNode report = doctor(true, Doctor.allChecks()).examine("gatun test", Device::current);
        assertEquals("", out.toString());
        JsonNode parsed = new ObjectMapper().readTree(report.toString());
        assertEquals(Doctor.allChecks().stream().map(Check::name).toList(), parsed.findValuesAsText("name"));
    }
}
