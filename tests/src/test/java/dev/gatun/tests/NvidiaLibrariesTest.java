package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import dev.gatun.cudnn.Dnn;
import dev.gatun.device.Device;
import dev.gatun.device.DeviceException;
import dev.gatun.device.NativeCallException;
import dev.gatun.device.NativeLibrary;
import dev.gatun.device.Symbols;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NVIDIA's own libraries, found and opened by Gatun on a machine without a driver, each time in a JVM of its own. */
class NvidiaLibrariesTest {
    @TempDir
    Path folder;

    // Finding and opening

    @Test
    void theWheelsAreOpened() throws Exception {
        Forked run = open(Peers.nvidiaWheels());
        assertTrue(run.succeeded().contains("CUDA 13, cuDNN 9.24.0"), run.output());
    }

    @Test
    void everySymbolOfTheAllowListsResolves() throws Exception {
        String output = Forked.onNvidiasLibraries(Peers.nvidiaWheels(), Resolve.class).succeeded();
        System.out.print(output);
        assertTrue(output.contains("missing: []"), output);
    }

    @Test
    void aWholeCudnnIsPreferredToALonePart() throws Exception {
        try (LinkedLibraries libraries = new LinkedLibraries(folder)) {
            libraries.linkCuda("lib64", 13);
            libraries.link("lib64/libcudnn.so.9", LinkedLibraries.cudnn("libcudnn.so.9"));
            libraries.linkCudnn("cudnn/lib");
            open(folder).succeeded();
        }
    }

    private static Forked open(Path libraries) throws Exception {
        return Forked.onNvidiasLibraries(libraries, Open.class);
    }

    /** Opens the libraries and prints what was opened, or why not; an argument names a library to load before them. */
    static final class Open {
        public static void main(String[] arguments) {
            for (String library : arguments) {
                System.load(library);
            }
            try {
                System.out.println(Device.current().describe());
            } catch (ServiceConfigurationError e) {
                System.out.println(e.getCause().getMessage());
                System.exit(1);
            }
        }
    }

    /** Looks up every function of the allow-lists, but the driver's. */
    static final class Resolve {
        public static void main(String[] arguments) throws IOException {
            FunctionDescriptor any = FunctionDescriptor.ofVoid();
            for (NativeLibrary library : NativeLibrary.values()) {
                if (library != NativeLibrary.DRIVER) {
                    List<String> functions = Files.readAllLines(Path.of("../native-headers", library.name().toLowerCase() + ".symbols"))
                            .stream().filter(line -> line.startsWith("function ")).map(line -> line.split(" ")[1]).toList();
                    List<String> missing = functions.stream().filter(function -> !resolves(library, function, any)).toList();
                    System.out.println(library.title() + ": " + functions.size() + " functions, missing: " + missing);
                }
            }
        }

        private static boolean resolves(NativeLibrary library, String function, FunctionDescriptor any) {
            try {
                return Symbols.find(library, function, any).address() != 0;
            } catch (DeviceException e) {
                return false;
            }
        }
    }

    // Calls that need a driver

    @Test
    void whatNeedsADriverFailsInWords() throws Exception {
        assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "this machine has an NVIDIA GPU; this test is about those that have none");
        String output = Forked.onNvidiasLibraries(Peers.nvidiaWheels(), NeedDriver.class).succeeded();
        for (String message : List.of(
                "CudaException: cudaMalloc(1024 bytes) returned cudaErrorInsufficientDriver (35): CUDA driver version is insufficient",
                "CudaException: cudaStreamCreateWithFlags returned cudaErrorInsufficientDriver (35)",
                "CudnnException: cudnnCreate returned CUDNN_STATUS_NOT_INITIALIZED (1001): cudaGetDeviceCount",
                "CublasException: cublasCreate_v2 returned CUBLAS_STATUS_NOT_INITIALIZED (1): the library was not initialized")) {
            assertTrue(output.contains(message), "'" + message + "' is not in:\n" + output);
        }
    }

    /** Prints the exceptions of what cannot be had without a driver. */
    static final class NeedDriver {
        public static void main(String[] arguments) {
            print(() -> DeviceBuffer.allocate(1024));
            print(Stream::create);
            // A handle is asked for before the stream is looked at.
            print(() -> Dnn.create(null));
            print(() -> Blas.create(null));
        }

        private static void print(Runnable call) {
            try {
                call.run();
            } catch (NativeCallException e) {
                System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
            }
        }
    }
}
