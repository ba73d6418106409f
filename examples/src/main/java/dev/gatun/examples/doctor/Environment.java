package dev.gatun.examples.doctor;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceInfo;
import dev.gatun.cuda.Stream;
import dev.gatun.cudnn.Dnn;
import dev.gatun.device.Device;
import dev.gatun.device.NativeLibrary;
import dev.gatun.device.NativesFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What a process runs on, as titles and text for people, in the order they are read. */
public final class Environment {
    /** What the kernel module of NVIDIA's driver says of itself. */
    private static final Path KERNEL_DRIVER = Path.of("/proc/driver/nvidia/version");

    private Environment() {}

    /** Describes the JVM and the machine; no device is touched. */
    public static Map<String, String> ofProcess() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("JDK", System.getProperty("java.vm.version") + ", " + System.getProperty("java.vendor"));
        facts.put("OS", System.getProperty("os.name") + " " + System.getProperty("os.version") + ", " + System.getProperty("os.arch"));
        facts.put("CPU cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
        facts.put("kernel driver", kernelDriver());
        facts.put("gatun natives", natives());
        return facts;
    }

    private static String natives() {
        List<Path> sets = NativesFolder.sets(NativesFolder.path());
        return sets.isEmpty() ? "none in " + NativesFolder.path() : sets.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    private static String kernelDriver() {
        try {
            return Files.readAllLines(KERNEL_DRIVER).getFirst().strip();
        } catch (IOException e) {
            return "none (no " + KERNEL_DRIVER + ")";
        }
    }

    /** Describes the device, and the libraries in use with their versions and where each came from. */
    public static Map<String, String> of(Device device) {
        DeviceInfo info = DeviceInfo.read();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("device", device.describe());
        facts.put("device name", info.name());
        facts.put("device memory", String.format(Locale.ROOT, "%.1f GiB", info.totalMemoryBytes() / 0x1p30));
        facts.put("compute capability", info.computeMajor() + "." + info.computeMinor());
        facts.put("multiprocessors", Integer.toString(info.multiprocessors()));
        facts.put("CUDA driver", library(device, NativeLibrary.DRIVER, cuda(info.driverVersion())));
        facts.put("CUDA runtime", library(device, NativeLibrary.CUDART, cuda(info.runtimeVersion())));
        facts.put("cuBLAS", library(device, NativeLibrary.CUBLAS, blas()));
        long cudnn = Dnn.version();
        facts.put("cuDNN", library(device, NativeLibrary.CUDNN, cudnn / 10000 + "." + cudnn / 100 % 100 + "." + cudnn % 100));
        return facts;
    }

    private static String library(Device device, NativeLibrary library, String version) {
        return version + ", from " + device.origin(library);
    }

    private static String cuda(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    private static String blas() {
        try (Stream stream = Stream.create(); Blas blas = Blas.create(stream)) {
            int version = blas.version();
            return version / 10000 + "." + version / 100 % 100 + "." + version % 100;
        }
    }
}
