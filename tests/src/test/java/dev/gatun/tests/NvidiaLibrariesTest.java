package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NVIDIA's own libraries, found and opened by Gatun on a machine without a driver, each time in a JVM of its own. */
class NvidiaLibrariesTest {
    private static final List<String> CUDA = List.of("libcudart.so", "libcublasLt.so", "libcublas.so");
    private static final List<String> CUDNN = List.of("libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_adv.so.9", "libcudnn.so.9");

    @TempDir
    Path folder;

    /** JUnit would warn of each link that points out of the folder. */
    @AfterEach
    void deleteLinks() throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path link : files.filter(Files::isSymbolicLink).toList()) {
                Files.delete(link);
            }
        }
    }

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
    void aLoneCudnnIsRefusedNamingItsMissingParts() throws Exception {
        link("libcudnn.so.9", cudnn("libcudnn.so.9"));
        refused("libcudart.so.13, libcublasLt.so.13, libcublas.so.13, libcudnn_graph.so.9, libcudnn_ops.so.9, libcudnn_adv.so.9 missing");
    }

    @Test
    void aMissingPartOfCudnnIsNamed() throws Exception {
        linkCuda("lib64", 13);
        for (String part : CUDNN) {
            if (!part.startsWith("libcudnn_adv")) {
                link("lib64/" + part, cudnn(part));
            }
        }
        refused("for CUDA 13, libcudnn_adv.so.9 missing");
    }

    @Test
    void cudartAloneIsRefused() throws Exception {
        link("libcudart.so.13", cuda("libcudart.so"));
        refused("for CUDA 13, libcublasLt.so.13, libcublas.so.13, libcudnn_graph.so.9");
    }

    @Test
    void aFolderWithoutLibrariesIsRefused() throws Exception {
        refused(folder + ": none of CUDA's libraries");
    }

    @Test
    void cudnnIsNotPutTogetherFromTwoPlaces() throws Exception {
        linkCuda("lib64", 13);
        link("lib64/libcudnn.so.9", cudnn("libcudnn.so.9"));
        for (String part : CUDNN.subList(0, 3)) {
            link("cudnn/lib/" + part, cudnn(part));
        }
        refused("for CUDA 13, libcudnn.so.9 missing");
    }

    @Test
    void aWholeCudnnIsPreferredToALonePart() throws Exception {
        linkCuda("lib64", 13);
        link("lib64/libcudnn.so.9", cudnn("libcudnn.so.9"));
        linkCudnn("cudnn/lib");
        open(folder).succeeded();
    }

    @Test
    void aCudnnForAnotherCudaIsRefused() throws Exception {
        linkCuda("lib64", 12);
        linkCudnn("lib64");
        refused("cuDNN is built for CUDA 13 and the runtime is CUDA 12");
    }

    @Test
    void aFileThatIsNoLibraryIsRefused() throws Exception {
        linkCuda("lib64", 13);
        linkCudnn("lib64");
        Path broken = folder.resolve("lib64/libcublas.so.13");
        Files.delete(broken);
        Files.writeString(broken, "not a library");
        refused("libcublas.so.13");
    }

    @Test
    void aSecondCopyInTheProcessIsRefused() throws Exception {
        Path other = folder.resolve("other/libcudart.so.13");
        Files.createDirectories(other.getParent());
        Files.copy(cuda("libcudart.so"), other);
        Forked run = Forked.onNvidiasLibraries(Peers.nvidiaWheels(), Open.class, other);
        assertRefused(run, other.toRealPath() + " is in this process already, and would be mixed with");
    }

    private void refused(String words) throws Exception {
        assertRefused(open(folder), words);
    }

    /** An exit code of 1 is the refusal's; a process that cuDNN aborts has another. */
    private static void assertRefused(Forked run, String words) {
        assertEquals(1, run.exitCode(), run.output());
        assertTrue(run.output().contains(words) && run.output().contains("Install the CUDA toolkit"), run.output());
    }

    private static Forked open(Path libraries) throws Exception {
        return Forked.onNvidiasLibraries(libraries, Open.class);
    }

    private void linkCuda(String below, int major) throws IOException {
        for (String name : CUDA) {
            link(below + "/" + name + "." + major, cuda(name));
        }
    }

    private void linkCudnn(String below) throws IOException {
        for (String part : CUDNN) {
            link(below + "/" + part, cudnn(part));
        }
    }

    private void link(String below, Path target) throws IOException {
        Path link = folder.resolve(below);
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, target);
    }

    private static Path cuda(String name) throws IOException {
        return Peers.nvidiaWheels().resolve("cu13/lib/" + name + ".13");
    }

    private static Path cudnn(String name) throws IOException {
        return Peers.nvidiaWheels().resolve("cudnn/lib/" + name);
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
