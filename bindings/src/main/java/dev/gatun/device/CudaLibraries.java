package dev.gatun.device;

import dev.gatun.device.spi.DeviceProvider;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * NVIDIA's libraries, found and opened in the one order that is safe.
 *
 * <p>The driver comes first, so that a machine without one never opens the rest. All other libraries come from one root. A
 * lone {@code libcudnn.so.9} without its parts aborts the whole process on its first call, so all parts must be in one folder;
 * they are opened before it, by absolute path, and its version checks are called before anything else.
 */
final class CudaLibraries implements DeviceProvider {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final Arena FOREVER = Arena.global();
    private static final String DRIVER = "libcuda.so.1";

    private static final Path LOADED = Path.of("/proc/self/maps");

    /** A set of library files that belong together, by name without version. */
    private record Root(String origin, int cudaMajor, Map<String, Path> files) {}

    private final Map<NativeLibrary, SymbolLookup> lookups;
    private final Root root;
    private final String description;

    private CudaLibraries(Map<NativeLibrary, SymbolLookup> lookups, Root root, String description) {
        this.lookups = lookups;
        this.root = root;
        this.description = description;
    }

    /**
     * Opens the libraries and checks that a GPU answers.
     *
     * @throws DeviceException naming every candidate tried, why each failed, and what to install
     */
    static CudaLibraries open() {
        if (!System.getProperty("os.name").equals("Linux")) {
            throw new DeviceException("Gatun's GPU path is for Linux; this is " + System.getProperty("os.name"));
        }
        SymbolLookup driver = openDriver();
        int driverVersion = driverVersion(driver);
        requireSymbols(NativeLibrary.DRIVER, driver);
        return openBeside(driver, driverVersion);
    }

    /**
     * Finds and opens the libraries other than the driver, calling nothing that needs it.
     *
     * @param driver where the driver's functions are found
     * @param driverVersion the CUDA version that the driver serves, for example 13000
     * @throws DeviceException naming every candidate tried, why each failed, and what to install
     */
    static CudaLibraries openBeside(SymbolLookup driver, int driverVersion) {
        List<String> tried = new ArrayList<>();
        for (Root root : roots(driverVersion / 1000, tried)) {
            try {
                return open(root, driver, driverVersion);
            } catch (IllegalArgumentException | DeviceException e) {
                tried.add(root.origin() + ": " + e.getMessage());
            }
        }
        throw new DeviceException("no complete set of CUDA libraries was found (driver for CUDA " + version(driverVersion)
                + ").\nTried:\n  " + String.join("\n  ", tried)
                + "\nInstall the CUDA toolkit and cuDNN 9, or run 'gatun natives install', or name the folder of NVIDIA's wheels"
                + " (nvidia-cudnn-cu13, nvidia-cublas, nvidia-cuda-runtime) with -Dgatun.cuda.path=DIR or GATUN_CUDA_PATH.");
    }

    private static SymbolLookup openDriver() {
        try {
            return SymbolLookup.libraryLookup(DRIVER, FOREVER);
        } catch (IllegalArgumentException e) {
            throw new DeviceException("no NVIDIA driver (" + DRIVER + " cannot be loaded)\nInstall NVIDIA's driver, version 525 or newer.");
        }
    }

    private static int driverVersion(SymbolLookup driver) {
        int status = (int) call(driver, "cuInit", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT), 0);
        if (status != 0) {
            throw new DeviceException("NVIDIA's driver is installed but does not start (cuInit returned " + status
                    + (status == 100 ? ", CUDA_ERROR_NO_DEVICE: no GPU is visible" : "") + ")");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment version = arena.allocate(ValueLayout.JAVA_INT);
            call(driver, "cuDriverGetVersion", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS), version);
            int value = version.get(ValueLayout.JAVA_INT, 0);
            if (value < 12000) {
                throw new DeviceException("NVIDIA's driver serves CUDA " + version(value) + "; 12.0 (driver 525) or newer is needed");
            }
            return value;
        }
    }

    private static CudaLibraries open(Root root, SymbolLookup driver, int driverVersion) {
        Map<NativeLibrary, SymbolLookup> lookups = new EnumMap<>(NativeLibrary.class);
        requireNoOther(root);
        lookups.put(NativeLibrary.DRIVER, driver);
        lookups.put(NativeLibrary.CUDART, library(root, "libcudart"));
        lookups.put(NativeLibrary.CUBLASLT, library(root, "libcublasLt"));
        lookups.put(NativeLibrary.CUBLAS, library(root, "libcublas"));
        library(root, "libcudnn_graph");
        SymbolLookup ops = library(root, "libcudnn_ops");
        SymbolLookup adv = library(root, "libcudnn_adv");
        SymbolLookup cudnn = library(root, "libcudnn");
        FunctionDescriptor noArguments = FunctionDescriptor.of(ValueLayout.JAVA_INT);
        for (String check : List.of("cudnnOpsVersionCheck", "cudnnAdvVersionCheck")) {
            int status = (int) call(cudnn, check, noArguments);
            if (status != 0) {
                throw new DeviceException(check + " returned " + status + ": cuDNN's parts are missing or of different versions");
            }
        }
        lookups.put(NativeLibrary.CUDNN, name -> cudnn.find(name).or(() -> adv.find(name)).or(() -> ops.find(name)));
        for (NativeLibrary library : List.of(NativeLibrary.CUDART, NativeLibrary.CUBLAS, NativeLibrary.CUBLASLT, NativeLibrary.CUDNN)) {
            requireSymbols(library, lookups.get(library));
        }
        long cudnnVersion = (long) call(cudnn, "cudnnGetVersion", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
        if (cudnnVersion < 90000) {
            throw new DeviceException("cuDNN " + cudnnVersion + " is too old; 9.0 or newer is needed");
        }
        long cudnnCudart = (long) call(cudnn, "cudnnGetCudartVersion", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
        if (cudnnCudart / 1000 != root.cudaMajor()) {
            throw new DeviceException("cuDNN is built for CUDA " + cudnnCudart / 1000 + " and the runtime is CUDA " + root.cudaMajor());
        }
        return new CudaLibraries(lookups, root, "CUDA " + root.cudaMajor() + ", cuDNN " + cudnnVersion / 10000
                + "." + cudnnVersion / 100 % 100
                + "." + cudnnVersion % 100 + ", driver for CUDA " + version(driverVersion) + ", from " + root.origin());
    }

    private static void requireSymbols(NativeLibrary library, SymbolLookup lookup) {
        List<String> missing = RequiredSymbols.BY_LIBRARY.getOrDefault(library, List.of()).stream()
                .filter(symbol -> lookup.find(symbol).isEmpty()).toList();
        if (!missing.isEmpty()) {
            throw new DeviceException(library.title() + " does not export " + String.join(", ", missing)
                    + "; CUDA 12.0 and cuDNN 9.0 or newer are needed");
        }
    }

    /**
     * Refuses a root while another copy of one of its libraries is in the process: cuDNN opens its parts by bare name, and gets
     * the copy that came first, whatever its version.
     */
    private static void requireNoOther(Root root) {
        try (Stream<String> mappings = Files.lines(LOADED)) {
            for (Path loaded : mappings.filter(line -> line.indexOf('/') >= 0).map(line -> Path.of(line.substring(line.indexOf('/'))))
                    .distinct().toList()) {
                for (Path file : root.files().values()) {
                    boolean sameName = loaded.getFileName().toString().startsWith(file.getFileName().toString());
                    if (sameName && !file.toRealPath().equals(loaded)) {
                        throw new DeviceException(loaded + " is in this process already, and would be mixed with " + file
                                + "; load one copy only (LD_LIBRARY_PATH, LD_PRELOAD and other native packages can bring another)");
                    }
                }
            }
        } catch (IOException e) {
            throw new DeviceException("cannot tell which libraries this process has loaded: " + e);
        }
    }

    private static SymbolLookup library(Root root, String name) {
        return SymbolLookup.libraryLookup(root.files().get(name), FOREVER);
    }

    /**
     * Finds the complete sets of libraries, in the order in which they are tried: the folder that the user names, and no other;
     * or else an installed toolkit, the system's folders, and what {@code gatun natives install} has put in {@link NativesFolder}.
     */
    private static List<Root> roots(int driverMajor, List<String> tried) {
        List<Path> folders = new ArrayList<>();
        String named = System.getProperty("gatun.cuda.path", System.getenv("GATUN_CUDA_PATH"));
        if (named != null) {
            folders.add(Path.of(named));
        } else {
            for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
                if (System.getenv(variable) != null) {
                    folders.add(Path.of(System.getenv(variable)));
                }
            }
            folders.add(Path.of("/usr/local/cuda"));
            folders.add(Path.of("/usr/local/cuda-13"));
            folders.add(Path.of("/usr/local/cuda-12"));
            folders.add(Path.of("/usr/lib/x86_64-linux-gnu"));
            folders.add(Path.of("/usr/lib/aarch64-linux-gnu"));
            folders.add(Path.of("/usr/lib64"));
            folders.addAll(NativesFolder.sets(NativesFolder.path()));
        }
        List<Root> roots = new ArrayList<>();
        for (Path folder : folders) {
            boolean empty = true;
            for (int major = Math.min(driverMajor, 13); major >= 12; major--) {
                Map<String, Path> files = new HashMap<>();
                List<String> missing = collect(folder, major, files);
                if (missing.isEmpty()) {
                    roots.add(new Root(folder.toString(), major, files));
                } else if (!files.isEmpty()) {
                    tried.add(folder + ": for CUDA " + major + ", " + String.join(", ", missing) + " missing");
                }
                empty &= files.isEmpty();
            }
            if (empty) {
                tried.add(folder + ": none of CUDA's libraries");
            }
        }
        return roots;
    }

    /**
     * Collects a toolkit's, a system folder's or the wheels' libraries of one CUDA major version below a folder. What one
     * product ships comes from one place, the first that has most of it.
     *
     * @param files gets the files found, by name without version
     * @return the file names that are missing
     */
    private static List<String> collect(Path folder, int major, Map<String, Path> files) {
        List<Path> places = Stream.of(".", "lib64", "lib", "targets/x86_64-linux/lib", "cu" + major + "/lib", "nvidia/cu" + major + "/lib",
                "cudnn/lib", "nvidia/cudnn/lib", "nvidia/cublas/lib", "nvidia/cuda_runtime/lib", "cublas/lib", "cuda_runtime/lib")
                .map(below -> folder.resolve(below).toAbsolutePath().normalize()).toList();
        List<String> missing = new ArrayList<>();
        for (List<String> product : List.of(List.of("libcudart.so." + major), List.of("libcublasLt.so." + major, "libcublas.so." + major),
                List.of("libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_adv.so.9", "libcudnn.so.9"))) {
            List<Path> best = List.of();
            for (Path place : places) {
                List<Path> present = product.stream().map(place::resolve).filter(Files::isRegularFile).toList();
                best = present.size() > best.size() ? present : best;
            }
            List<String> names = best.stream().map(file -> file.getFileName().toString()).toList();
            best.forEach(file -> files.put(file.getFileName().toString().replaceFirst("\\.so.*", ""), file));
            product.stream().filter(name -> !names.contains(name)).forEach(missing::add);
        }
        return missing;
    }

    @Override
    public String describe() {
        return description;
    }

    @Override
    public String origin(NativeLibrary library) {
        return switch (library) {
            case DRIVER -> DRIVER + ", on the system's search path";
            case CUDART -> root.files().get("libcudart").toString();
            case CUBLAS -> root.files().get("libcublas").toString();
            case CUBLASLT -> root.files().get("libcublasLt").toString();
            case CUDNN -> root.files().get("libcudnn").toString();
        };
    }

    @Override
    public MemorySegment find(NativeLibrary library, String symbol, FunctionDescriptor descriptor) {
        return lookups.get(library).find(symbol).orElseThrow(() -> new DeviceException(
                library.title() + " does not export " + symbol + " (" + description + "); a newer version does"));
    }

    private static Object call(SymbolLookup lookup, String symbol, FunctionDescriptor descriptor, Object... arguments) {
        MemorySegment address = lookup.find(symbol).orElseThrow(() -> new DeviceException(symbol + " is not exported"));
        try {
            return LINKER.downcallHandle(address, descriptor).invokeWithArguments(arguments);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static String version(int value) {
        return value / 1000 + "." + value % 1000 / 10;
    }
}
