package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Calls that need no device have the same outcome (status, text, values written) in NVIDIA's libraries and on the host device,
 * each in a JVM of its own. What must differ, where one side has no driver and the other no GPU, is stated in {@link #reason}.
 */
class StatusComparisonTest {
    /** Far fewer rows alike would mean that calls were lost, not that they differ. */
    private static final int FEWEST_ALIKE = 1300;

    private record Row(String call, String outcome, String explanation) {
        /** Reads a line of {@link CallRecorder}. */
        static Row parse(String line) {
            String[] parts = line.split("\t", 3);
            return new Row(parts[0], parts[1], parts[2]);
        }

        @Override
        public String toString() {
            return outcome + (explanation.isBlank() ? "" : " (" + explanation + ")");
        }
    }

    private static List<Row> nvidia;

    @BeforeAll
    static void callNvidiasLibraries() throws Exception {
        assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "this machine has an NVIDIA GPU; the libraries must find none");
        nvidia = rows(Forked.onNvidiasLibraries(Peers.nvidiaWheels(), DeviceFreeCalls.class));
    }

    private static List<Row> hostDevice(String check) throws IOException, InterruptedException {
        return rows(Forked.java("--enable-native-access=ALL-UNNAMED", "-Dgatun.device=host", "-Dgatun.check=" + check, "-cp",
                System.getProperty("java.class.path"), DeviceFreeCalls.class.getName()));
    }

    private static List<Row> rows(Forked run) {
        return run.succeeded().lines().filter(line -> line.split("\t", 3).length == 3).map(Row::parse).toList();
    }

    @ParameterizedTest(name = "gatun.check={0}")
    @ValueSource(strings = {"off", "full"})
    void hostDeviceAnswersLikeNvidiasLibraries(String check) throws Exception {
        List<Row> host = hostDevice(check);
        for (int i = 0; i < Math.min(nvidia.size(), host.size()); i++) {
            assertEquals(nvidia.get(i).call(), host.get(i).call(), "the calls made");
        }
        assertEquals(nvidia.size(), host.size(), "the number of calls made");
        Map<String, String> names = new HashMap<>();
        host.stream().filter(row -> row.call().startsWith("cudaGetErrorName"))
                .forEach(row -> names.put(row.call().replace("Name", "String"), row.outcome()));
        int alike = 0;
        Map<String, Integer> expected = new LinkedHashMap<>();
        List<String> unexpected = new ArrayList<>();
        for (int i = 0; i < host.size(); i++) {
            Row real = nvidia.get(i);
            Row software = host.get(i);
            String reason = reason(real, software, names);
            if (!reason.isEmpty()) {
                expected.merge(reason, 1, Integer::sum);
            } else if (real.outcome().equals(software.outcome())) {
                alike++;
            } else {
                unexpected.add(real.call() + "\n    NVIDIA: " + real + "\n    host:   " + software);
            }
        }
        System.out.println("NVIDIA's libraries and the host device (gatun.check=" + check + "): " + alike + " calls alike, not compared "
                + expected);
        assertTrue(unexpected.isEmpty(), () -> unexpected.size() + " calls differ:\n" + String.join("\n", unexpected));
        assertTrue(alike >= FEWEST_ALIKE, "only " + alike + " calls were compared");
    }

    /** Descriptors that the host device does not have: what NVIDIA's libraries say when they are set, and read from them then. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "cudnnSetOpTensorDescriptor(operation, 1, 0, 1)                       | 0; 0 1 0 1",
        "cudnnSetOpTensorDescriptor(operation, 99, 0, 1)                      | 2000",
        "cudnnSetReduceTensorDescriptor(reduction, 3, 0, 1, 1, 0)             | 0; 0 3 0 1 1 0",
        "cudnnSetReduceTensorDescriptor(reduction, 99, 0, 1, 0, 0)            | 2000",
        "cudnnSetActivationDescriptor(activation, 2, 1, 0.5)                  | 0; 0 2 1 0.5",
        "cudnnSetActivationDescriptor(activation, 99, 1, 0.5)                 | 2000",
        "cublasLtMatmulDescSetAttribute(product, 3, [1], 4)                   | 0; 0 1 4",
        "cublasLtMatmulDescSetAttribute(product, 3, [1], 2)                   | 7",
        "cublasLtMatmulDescSetAttribute(product, 99, [1], 4)                  | 7",
        "cublasLtMatrixLayoutSetAttribute(layout, 1, [1], 4)                  | 0; 0 1 4",
        "cublasLtMatmulPreferenceSetAttribute(preference, 1, [4096, 0], 8)    | 0; 0 4096 8",
    })
    void nvidiasOtherDescriptorsKeepWhatIsSet(String call, String outcome) {
        assertEquals(List.of(outcome), nvidia.stream().filter(row -> row.call().equals(call)).map(Row::outcome).toList());
    }

    /** Returns why a call's outcomes cannot be compared, or an empty text. */
    private static String reason(Row real, Row host, Map<String, String> names) {
        if (host.explanation().contains("does not compute this function")) {
            return "the host device does not compute the function";
        }
        if (host.explanation().contains("no vectorised layouts")) {
            return "the host device has no vectorised layouts";
        }
        if (real.call().startsWith("cuda") && (real.outcome() + " ").startsWith("35 ") && !real.call().startsWith("cudaGetError")) {
            return "NVIDIA's runtime misses the driver (35)";
        }
        if (host.outcome().equals(names.get(host.call())) && !real.outcome().equals(host.outcome())) {
            return "a text of an error that the host device never gives: it says the name";
        }
        return switch (real.call() + " " + real.outcome() + " " + host.outcome()) {
            case "cudaDriverGetVersion(out) 0 0 0 13000" -> "the version of a driver that is not there";
            case "cudnnGetCudartVersion() 13030 13000" -> "the toolkit that NVIDIA built this cuDNN with";
            default -> "";
        };
    }
}
