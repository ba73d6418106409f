package dev.gatun.host;

import dev.gatun.device.NativeLibrary;
import dev.gatun.device.spi.KernelTwin;
import dev.gatun.device.spi.KernelTwins;
import dev.gatun.device.spi.PtxRunner;
import dev.gatun.generated.driver.CudaDriver;
import java.util.HashMap;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.Consumer;

/** The CUDA driver API of the software device: modules, functions and launches. */
final class DriverFunctions extends HostLibrary {
    /** The one device context; any non-null value would do. */
    private static final long PRIMARY_CONTEXT = 0x6A74_00FF_0000_0000L;

    private static final StatusNames NAMES = new StatusNames(CudaDriver.class, "CUDA_SUCCESS", "CUDA_ERROR_");

    private static final int THREADS_PER_BLOCK = 1024;

    private final Handles<Map<String, Long>> modules;
    private final Handles<HostLaunch> functions = new Handles<>("a kernel", false);
    private Map<String, KernelTwin> twins;

    DriverFunctions(Host host) {
        super(host, NativeLibrary.DRIVER);
        modules = host.handles("a module");
    }

    @Override
    int status(Fault.Kind kind) {
        return kind.cudaError;
    }

    @Override
    int internalError() {
        return 999;
    }

    int cuInit(int flags) {
        if (flags != 0) {
            throw Fault.invalid("cuInit: flags must be 0");
        }
        host.initialize();
        return 0;
    }

    int cuDriverGetVersion(long version) {
        Native.putInt(Native.required(version, "cuDriverGetVersion", "driverVersion"), RuntimeFunctions.VERSION);
        return 0;
    }

    int cuGetErrorName(int error, long text) {
        return errorText(error, text, "cuGetErrorName");
    }

    int cuGetErrorString(int error, long text) {
        return errorText(error, text, "cuGetErrorString");
    }

    /** The software device has one text for both: a status's name says what it means. */
    private static int errorText(int error, long text, String function) {
        Native.required(text, function, "pStr");
        String name = NAMES.of(error);
        Native.putLong(text, name == null ? 0 : Host.string(name));
        return name == null ? Fault.Kind.INVALID_VALUE.cudaError : 0;
    }

    int cuDeviceGetCount(long count) {
        requireInitialized("cuDeviceGetCount");
        Native.putInt(Native.required(count, "cuDeviceGetCount", "count"), 1);
        return 0;
    }

    int cuDeviceGet(long device, int ordinal) {
        requireInitialized("cuDeviceGet");
        requireDevice(ordinal, "cuDeviceGet");
        Native.putInt(Native.required(device, "cuDeviceGet", "device"), 0);
        return 0;
    }

    int cuDeviceGetName(long name, int length, int device) {
        requireDevice(device, "cuDeviceGetName");
        Native.putString(Native.required(name, "cuDeviceGetName", "name"), length, "Gatun host device");
        return 0;
    }

    int cuDeviceGetAttribute(long value, int attribute, int device) {
        requireDevice(device, "cuDeviceGetAttribute");
        Native.putInt(Native.required(value, "cuDeviceGetAttribute", "pi"), DeviceAttributes.value(attribute, "cuDeviceGetAttribute"));
        return 0;
    }

    int cuDeviceTotalMem_v2(long bytes, int device) {
        requireDevice(device, "cuDeviceTotalMem_v2");
        Native.putLong(Native.required(bytes, "cuDeviceTotalMem_v2", "bytes"), DeviceAttributes.memoryBytes());
        return 0;
    }

    int cuDevicePrimaryCtxRetain(long pointer, int device) {
        requireInitialized("cuDevicePrimaryCtxRetain");
        requireDevice(device, "cuDevicePrimaryCtxRetain");
        Native.putLong(Native.required(pointer, "cuDevicePrimaryCtxRetain", "pctx"), PRIMARY_CONTEXT);
        return 0;
    }

    int cuDevicePrimaryCtxRelease_v2(int device) {
        requireDevice(device, "cuDevicePrimaryCtxRelease_v2");
        return 0;
    }

    int cuCtxSetCurrent(long pointer) {
        if (pointer != 0 && pointer != PRIMARY_CONTEXT) {
            throw new Fault(Fault.Kind.INVALID_CONTEXT, "cuCtxSetCurrent: this is not the context of this device");
        }
        host.setContextCurrent(pointer != 0);
        return 0;
    }

    int cuCtxGetCurrent(long pointer) {
        requireInitialized("cuCtxGetCurrent");
        Native.putLong(Native.required(pointer, "cuCtxGetCurrent", "pctx"), host.contextCurrent() ? PRIMARY_CONTEXT : 0);
        return 0;
    }

    int cuCtxSynchronize() {
        requireContext("cuCtxSynchronize");
        host.requireNoCapture("cuCtxSynchronize");
        host.synchronizeDevice("cuCtxSynchronize");
        return 0;
    }

    int cuModuleLoadData(long module, long image) {
        return load(module, image, "cuModuleLoadData");
    }

    int cuModuleLoadDataEx(long module, long image, int options, long names, long values) {
        return load(module, image, "cuModuleLoadDataEx");
    }

    private int load(long module, long image, String function) {
        requireContext(function);
        Native.required(module, function, "module");
        host.requireNoCapture(function);
        String text = Native.getString(Native.required(image, function, "image"));
        PtxModule ptx = PtxModule.parse(text);
        PtxRunner runner = ptxRunner();
        Map<String, Long> entries = new HashMap<>();
        ptx.entries().forEach((name, parameters) ->
                entries.put(name, functions.add(new HostLaunch(host, name,
                        runner == null ? twin(name) : launch -> launch.interpret(runner, text), parameters), function)));
        Native.putLong(module, modules.add(entries, function));
        return 0;
    }

    /** Returns what executes the PTX itself, or null where Java twins stand in for it, as they do unless asked otherwise. */
    private static PtxRunner ptxRunner() {
        String kernels = System.getProperty("gatun.kernels", "twins");
        return switch (kernels) {
            case "twins" -> null;
            case "ptx" -> ServiceLoader.load(PtxRunner.class, PtxRunner.class.getClassLoader()).findFirst().orElseThrow(() ->
                    Fault.notSupported("-Dgatun.kernels=ptx: there is no " + PtxRunner.class.getName() + " among the services"));
            default -> throw Fault.notSupported("-Dgatun.kernels=" + kernels + ": expected twins or ptx");
        };
    }

    /** Returns the Java twin of a kernel, or null. */
    private synchronized Consumer<HostLaunch> twin(String name) {
        if (twins == null) {
            Map<String, KernelTwin> found = new HashMap<>();
            ServiceLoader.load(KernelTwins.class, KernelTwins.class.getClassLoader()).forEach(library -> found.putAll(library.byName()));
            twins = found;
        }
        KernelTwin twin = twins.get(name);
        return twin == null ? null : twin::run;
    }

    int cuModuleUnload(long module) {
        modules.remove(module, "cuModuleUnload", "hmod").values()
                .forEach(function -> functions.remove(function, "cuModuleUnload", "function"));
        return 0;
    }

    int cuModuleGetFunction(long function, long module, long name) {
        Native.required(function, "cuModuleGetFunction", "hfunc");
        String text = Native.getString(Native.required(name, "cuModuleGetFunction", "name"));
        Long handle = modules.get(module, "cuModuleGetFunction", "hmod").get(text);
        if (handle == null) {
            throw new Fault(Fault.Kind.NOT_FOUND, "cuModuleGetFunction: the module has no kernel '" + text + "'");
        }
        Native.putLong(function, handle);
        return 0;
    }

    int cuLaunchKernel(long function, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int sharedBytes,
            long stream, long kernelParams, long extra) {
        requireContext("cuLaunchKernel");
        HostLaunch kernel = functions.get(function, "cuLaunchKernel", "f");
        HostStream queue = host.queue(stream, "cuLaunchKernel");
        if (gridX < 1 || gridY < 1 || gridZ < 1 || blockX < 1 || blockY < 1 || blockZ < 1
                || (long) blockX * blockY * blockZ > THREADS_PER_BLOCK || sharedBytes < 0 || sharedBytes > 48 << 10) {
            throw Fault.invalid("cuLaunchKernel: grid " + gridX + "x" + gridY + "x" + gridZ + ", block " + blockX + "x" + blockY + "x"
                    + blockZ + ", " + sharedBytes + " bytes of shared memory: each size must be positive, a block at most "
                    + THREADS_PER_BLOCK + " threads");
        }
        if (extra != 0) {
            throw Fault.notSupported("cuLaunchKernel: parameters in 'extra'; pass kernelParams");
        }
        if (gridY != 1 || gridZ != 1 || blockY != 1 || blockZ != 1) {
            throw Fault.notSupported("cuLaunchKernel: a grid or block of more than one dimension");
        }
        kernel.requireTwin();
        if (queue.recording()) {
            queue.record(kernel.copy().read(gridX, blockX, kernelParams));
        } else {
            synchronized (host.engine) {
                kernel.read(gridX, blockX, kernelParams).run();
            }
        }
        return 0;
    }

    private void requireInitialized(String function) {
        if (!host.initialized()) {
            throw new Fault(Fault.Kind.NOT_INITIALIZED, function + ": cuInit was not called");
        }
    }

    /** Refuses a call on a thread without a current context; only checked mode asks, because every launch comes here. */
    private void requireContext(String function) {
        requireInitialized(function);
        if (host.checked && !host.contextCurrent()) {
            throw new Fault(Fault.Kind.INVALID_CONTEXT, function + ": no context is current on thread '" + Thread.currentThread().getName()
                    + "'; call cudaSetDevice or cuCtxSetCurrent on each thread first");
        }
    }

    private static void requireDevice(int device, String function) {
        if (device != 0) {
            throw new Fault(Fault.Kind.INVALID_DEVICE, function + ": the software device is device 0; there is no device " + device);
        }
    }
}
