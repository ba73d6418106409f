package dev.gatun.host;

import dev.gatun.device.NativeLibrary;
import dev.gatun.generated.cudart.Cudart;
import java.util.Map;

/** The CUDA runtime of the software device. */
final class RuntimeFunctions extends HostLibrary {
    /** The version of the headers that the bindings were made from: CUDA 13.0. */
    static final int VERSION = 13000;

    private static final int HOST_TO_DEVICE = 1;
    private static final int DEVICE_TO_HOST = 2;
    private static final int DEVICE_TO_DEVICE = 3;
    private static final int COPY_DEFAULT = 4;

    private static final int DISABLE_TIMING = 2;

    private static final int NOT_CAPTURING = 0;
    private static final int CAPTURING = 1;
    private static final int CAPTURE_INVALIDATED = 2;

    private static final StatusNames NAMES = new StatusNames(Cudart.class, "cudaSuccess", "cudaError");

    /** Texts of the statuses that this device gives. */
    private static final Map<Integer, String> TEXTS = Map.ofEntries(
            Map.entry(0, "no error"),
            Map.entry(1, "invalid argument"),
            Map.entry(2, "out of memory"),
            Map.entry(3, "initialization error"),
            Map.entry(35, "CUDA driver version is insufficient for CUDA runtime version"),
            Map.entry(101, "invalid device ordinal"),
            Map.entry(200, "device kernel image is invalid"),
            Map.entry(201, "invalid device context"),
            Map.entry(400, "invalid resource handle"),
            Map.entry(401, "the operation cannot be performed in the present state"),
            Map.entry(500, "named symbol not found"),
            Map.entry(600, "device not ready"),
            Map.entry(700, "an illegal memory access was encountered"),
            Map.entry(801, "operation not supported"),
            Map.entry(900, "operation not permitted when stream is capturing"),
            Map.entry(901, "operation failed due to a previous error during capture"),
            Map.entry(905, "dependency created on uncaptured work in another stream"),
            Map.entry(906, "operation would make the legacy stream depend on a capturing blocking stream"),
            Map.entry(907, "operation not permitted on an event last recorded in a capturing stream"),
            Map.entry(908, "attempt to terminate a thread-local capture sequence from another thread"),
            Map.entry(999, "unknown error"));

    private final ThreadLocal<Integer> lastError = ThreadLocal.withInitial(() -> 0);

    RuntimeFunctions(Host host) {
        super(host, NativeLibrary.CUDART);
    }

    @Override
    int status(Fault.Kind kind) {
        return kind.cudaError;
    }

    @Override
    int internalError() {
        return 999;
    }

    @Override
    void failed(int status, String message) {
        lastError.set(status);
    }

    // Device

    int cudaGetDeviceCount(long count) {
        Native.putInt(Native.required(count, "cudaGetDeviceCount", "count"), 1);
        return 0;
    }

    int cudaGetDevice(long device) {
        Native.putInt(Native.required(device, "cudaGetDevice", "device"), 0);
        return 0;
    }

    int cudaSetDevice(int device) {
        requireDevice(device, "cudaSetDevice");
        useDevice();
        return 0;
    }

    int cudaDeviceGetAttribute(long value, int attribute, int device) {
        Native.required(value, "cudaDeviceGetAttribute", "value");
        requireDevice(device, "cudaDeviceGetAttribute");
        Native.putInt(value, DeviceAttributes.value(attribute, "cudaDeviceGetAttribute"));
        return 0;
    }

    int cudaDeviceGetStreamPriorityRange(long least, long greatest) {
        Native.putIntIfWanted(least, 0);
        Native.putIntIfWanted(greatest, 0);
        return 0;
    }

    int cudaDeviceSynchronize() {
        host.requireNoCapture("cudaDeviceSynchronize");
        return 0;
    }

    int cudaRuntimeGetVersion(long version) {
        Native.putInt(Native.required(version, "cudaRuntimeGetVersion", "runtimeVersion"), VERSION);
        return 0;
    }

    int cudaDriverGetVersion(long version) {
        Native.putInt(Native.required(version, "cudaDriverGetVersion", "driverVersion"), VERSION);
        return 0;
    }

    int cudaMemGetInfo(long free, long total) {
        long bytes = DeviceAttributes.memoryBytes();
        Native.putLong(Native.required(free, "cudaMemGetInfo", "free"), Math.max(0, bytes - host.memory.allocatedBytes()));
        Native.putLong(Native.required(total, "cudaMemGetInfo", "total"), bytes);
        return 0;
    }

    // Errors

    int cudaGetLastError() {
        int error = lastError.get();
        lastError.set(0);
        return error;
    }

    int cudaPeekAtLastError() {
        return lastError.get();
    }

    long cudaGetErrorName(int error) {
        return Host.string(NAMES.of(error, "unrecognized error code"));
    }

    long cudaGetErrorString(int error) {
        return Host.string(TEXTS.getOrDefault(error, NAMES.of(error, "unrecognized error code")));
    }

    /** Does what the runtime's first call does: starts the driver and makes the device's context the thread's own. */
    private void useDevice() {
        host.initialize();
        host.setContextCurrent(true);
    }

    private static void requireDevice(int device, String function) {
        if (device != 0) {
            throw new Fault(Fault.Kind.INVALID_DEVICE, function + ": the software device is device 0; there is no device " + device);
        }
    }

    // Memory

    int cudaMalloc(long pointer, long bytes) {
        Native.required(pointer, "cudaMalloc", "devPtr");
        host.requireNoCapture("cudaMalloc");
        useDevice();
        Native.putLong(pointer, bytes == 0 ? 0 : host.memory.allocate(bytes, "cudaMalloc"));
        return 0;
    }

    int cudaFree(long pointer) {
        host.requireNoCapture("cudaFree");
        useDevice();
        if (pointer != 0) {
            host.memory.free(pointer, "cudaFree");
        }
        return 0;
    }

    int cudaHostAlloc(long pointer, long bytes, int flags) {
        Native.required(pointer, "cudaHostAlloc", "pHost");
        if ((flags & ~7) != 0) {
            throw Fault.invalid("cudaHostAlloc: unknown flags " + flags);
        }
        host.requireNoCapture("cudaHostAlloc");
        Native.putLong(pointer, host.memory.allocatePinned(bytes, "cudaHostAlloc"));
        return 0;
    }

    int cudaMallocHost(long pointer, long bytes) {
        return cudaHostAlloc(pointer, bytes, 0);
    }

    int cudaFreeHost(long pointer) {
        host.requireNoCapture("cudaFreeHost");
        if (pointer != 0) {
            host.memory.freePinned(pointer, "cudaFreeHost");
        }
        return 0;
    }

    int cudaMemcpy(long to, long from, long bytes, int kind) {
        host.queue(0, "cudaMemcpy");
        host.requireNoCapture("cudaMemcpy");
        copy(to, from, bytes, kind, "cudaMemcpy");
        return 0;
    }

    int cudaMemcpyAsync(long to, long from, long bytes, int kind, long stream) {
        HostStream queue = host.queue(stream, "cudaMemcpyAsync");
        if (queue.recording()) {
            queue.record(() -> copy(to, from, bytes, kind, "cudaMemcpyAsync"));
        } else {
            copy(to, from, bytes, kind, "cudaMemcpyAsync");
        }
        return 0;
    }

    int cudaMemset(long pointer, int value, long bytes) {
        host.queue(0, "cudaMemset");
        fill(pointer, value, bytes, "cudaMemset");
        return 0;
    }

    int cudaMemsetAsync(long pointer, int value, long bytes, long stream) {
        HostStream queue = host.queue(stream, "cudaMemsetAsync");
        if (queue.recording()) {
            host.memory.real(pointer, bytes, "cudaMemsetAsync", "devPtr");
            queue.record(() -> fill(pointer, value, bytes, "cudaMemsetAsync"));
        } else {
            fill(pointer, value, bytes, "cudaMemsetAsync");
        }
        return 0;
    }

    private void fill(long pointer, int value, long bytes, String function) {
        if (bytes != 0) {
            long real = host.memory.real(pointer, bytes, function, "devPtr");
            synchronized (host.engine) {
                Native.fill(real, bytes, (byte) value);
            }
        }
    }

    private void copy(long to, long from, long bytes, int kind, String function) {
        if (kind < 0 || kind > COPY_DEFAULT) {
            throw Fault.invalid(function + ": unknown kind " + kind);
        }
        if (bytes == 0) {
            return;
        }
        boolean fromDevice = kind == DEVICE_TO_HOST || kind == DEVICE_TO_DEVICE || kind == COPY_DEFAULT && host.memory.isDevice(from);
        boolean toDevice = kind == HOST_TO_DEVICE || kind == DEVICE_TO_DEVICE || kind == COPY_DEFAULT && host.memory.isDevice(to);
        long source = fromDevice ? host.memory.real(from, bytes, function, "src") : host.memory.host(from, bytes, function, "src");
        long target = toDevice ? host.memory.real(to, bytes, function, "dst") : host.memory.host(to, bytes, function, "dst");
        synchronized (host.engine) {
            Native.copy(source, target, bytes);
        }
    }

    // Streams

    int cudaStreamCreate(long stream) {
        return cudaStreamCreateWithPriority(stream, 0, 0);
    }

    int cudaStreamCreateWithFlags(long stream, int flags) {
        return cudaStreamCreateWithPriority(stream, flags, 0);
    }

    int cudaStreamCreateWithPriority(long stream, int flags, int priority) {
        Native.required(stream, "cudaStreamCreate", "pStream");
        if ((flags & ~1) != 0) {
            throw Fault.invalid("cudaStreamCreateWithFlags: unknown flags " + flags);
        }
        useDevice();
        Native.putLong(stream, host.streams.add(new HostStream(flags, priority), "cudaStreamCreate"));
        return 0;
    }

    int cudaStreamDestroy(long stream) {
        host.forgetCapture(host.streams.remove(stream, "cudaStreamDestroy", "stream"));
        return 0;
    }

    int cudaStreamSynchronize(long stream) {
        requireNotRecording(stream, "cudaStreamSynchronize");
        return 0;
    }

    int cudaStreamQuery(long stream) {
        requireNotRecording(stream, "cudaStreamQuery");
        return 0;
    }

    private void requireNotRecording(long stream, String function) {
        HostStream queue = host.queue(stream, function);
        if (queue.recording()) {
            throw queue.capture().invalidate(Fault.Kind.CAPTURE_UNSUPPORTED,
                    function + " is not permitted on a stream that is being captured");
        }
    }

    int cudaStreamGetFlags(long stream, long flags) {
        HostStream queue = host.stream(stream, "cudaStreamGetFlags");
        Native.putInt(Native.required(flags, "cudaStreamGetFlags", "flags"), queue.flags);
        return 0;
    }

    int cudaStreamGetPriority(long stream, long priority) {
        HostStream queue = host.stream(stream, "cudaStreamGetPriority");
        Native.putInt(Native.required(priority, "cudaStreamGetPriority", "priority"), queue.priority);
        return 0;
    }

    int cudaStreamWaitEvent(long stream, long event, int flags) {
        HostStream queue = host.queue(stream, "cudaStreamWaitEvent");
        Capture recordedIn = host.events.get(event, "cudaStreamWaitEvent", "event").capture();
        if (recordedIn == queue.capture()) {
            return 0;
        }
        if (recordedIn == null) {
            throw queue.capture().invalidate(Fault.Kind.CAPTURE_ISOLATION,
                    "cudaStreamWaitEvent: the stream is being captured and the event was recorded outside the capture");
        }
        throw Fault.notSupported("cudaStreamWaitEvent: the event was recorded on another stream under capture; the software device"
                + " captures work of one stream into a graph");
    }

    // Events

    int cudaEventCreate(long event) {
        return cudaEventCreateWithFlags(event, 0);
    }

    int cudaEventCreateWithFlags(long event, int flags) {
        Native.required(event, "cudaEventCreateWithFlags", "event");
        if ((flags & ~7) != 0) {
            throw Fault.invalid("cudaEventCreateWithFlags: unknown flags " + flags);
        }
        Native.putLong(event, host.events.add(new HostEvent((flags & DISABLE_TIMING) == 0), "cudaEventCreate"));
        return 0;
    }

    int cudaEventDestroy(long event) {
        host.events.remove(event, "cudaEventDestroy", "event");
        return 0;
    }

    int cudaEventRecord(long event, long stream) {
        HostEvent mark = host.events.get(event, "cudaEventRecord", "event");
        mark.record(host.queue(stream, "cudaEventRecord").capture());
        return 0;
    }

    int cudaEventQuery(long event) {
        host.events.get(event, "cudaEventQuery", "event").requireNotCaptured("cudaEventQuery");
        return 0;
    }

    int cudaEventSynchronize(long event) {
        host.events.get(event, "cudaEventSynchronize", "event").requireNotCaptured("cudaEventSynchronize");
        return 0;
    }

    int cudaEventElapsedTime(long milliseconds, long start, long end) {
        Native.required(milliseconds, "cudaEventElapsedTime", "ms");
        HostEvent from = host.events.get(start, "cudaEventElapsedTime", "start");
        HostEvent to = host.events.get(end, "cudaEventElapsedTime", "end");
        from.requireNotCaptured("cudaEventElapsedTime");
        to.requireNotCaptured("cudaEventElapsedTime");
        if (!from.timing || !to.timing || !from.recorded() || !to.recorded()) {
            throw new Fault(Fault.Kind.INVALID_HANDLE,
                    "cudaEventElapsedTime: both events must have been recorded, and made without cudaEventDisableTiming");
        }
        Native.putFloat(milliseconds, to.millisecondsSince(from));
        return 0;
    }

    // Graphs

    int cudaStreamBeginCapture(long stream, int mode) {
        HostStream queue = host.stream(stream, "cudaStreamBeginCapture");
        if (queue == host.defaultStream) {
            throw new Fault(Fault.Kind.CAPTURE_UNSUPPORTED, "cudaStreamBeginCapture: the default stream cannot be captured");
        }
        if (mode < 0 || mode > 2) {
            throw Fault.invalid("cudaStreamBeginCapture: unknown mode " + mode);
        }
        if (queue.recording()) {
            throw new Fault(Fault.Kind.ILLEGAL_STATE, "cudaStreamBeginCapture: the stream is being captured already");
        }
        host.beginCapture(queue, mode);
        return 0;
    }

    int cudaStreamIsCapturing(long stream, long status) {
        Capture capture = host.stream(stream, "cudaStreamIsCapturing").capture();
        Native.putInt(Native.required(status, "cudaStreamIsCapturing", "pCaptureStatus"),
                capture == null ? NOT_CAPTURING : capture.invalid() ? CAPTURE_INVALIDATED : CAPTURING);
        return 0;
    }

    int cudaStreamEndCapture(long stream, long graph) {
        HostStream queue = host.stream(stream, "cudaStreamEndCapture");
        Native.putLong(Native.required(graph, "cudaStreamEndCapture", "pGraph"), 0);
        if (!queue.recording()) {
            throw new Fault(Fault.Kind.ILLEGAL_STATE, "cudaStreamEndCapture: the stream is not being captured");
        }
        Capture capture = queue.capture();
        capture.requireEndable("cudaStreamEndCapture");
        host.forgetCapture(queue);
        Native.putLong(graph, host.graphs.add(new HostGraph(capture.work("cudaStreamEndCapture")), "cudaStreamEndCapture"));
        return 0;
    }

    int cudaGraphInstantiate(long executable, long graph, long flags) {
        return instantiate(executable, graph, "cudaGraphInstantiate");
    }

    int cudaGraphInstantiateWithFlags(long executable, long graph, long flags) {
        return instantiate(executable, graph, "cudaGraphInstantiateWithFlags");
    }

    private int instantiate(long executable, long graph, String function) {
        Native.required(executable, function, "pGraphExec");
        Native.putLong(executable, host.executables.add(host.graphs.get(graph, function, "graph"), function));
        return 0;
    }

    int cudaGraphUpload(long executable, long stream) {
        host.executables.get(executable, "cudaGraphUpload", "graphExec");
        host.queue(stream, "cudaGraphUpload");
        return 0;
    }

    int cudaGraphLaunch(long executable, long stream) {
        HostGraph graph = host.executables.get(executable, "cudaGraphLaunch", "graphExec");
        HostStream queue = host.queue(stream, "cudaGraphLaunch");
        if (queue.recording()) {
            queue.record(graph);
        } else {
            graph.run();
        }
        return 0;
    }

    int cudaGraphExecDestroy(long executable) {
        host.executables.remove(executable, "cudaGraphExecDestroy", "graphExec");
        return 0;
    }

    int cudaGraphDestroy(long graph) {
        host.graphs.remove(graph, "cudaGraphDestroy", "graph");
        return 0;
    }
}
