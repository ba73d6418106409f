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

    private static final int NOT_READY = 600;

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
            Map.entry(719, "unspecified launch failure"),
            Map.entry(801, "operation not supported"),
            Map.entry(900, "operation not permitted when stream is capturing"),
            Map.entry(901, "operation failed due to a previous error during capture"),
            Map.entry(902, "operation would result in a merge of separate capture sequences"),
            Map.entry(903, "capture was not ended in the same stream as it began"),
            Map.entry(904, "capturing stream has unjoined work"),
            Map.entry(905, "dependency created on uncaptured work in another stream"),
            Map.entry(906, "operation would make the legacy stream depend on a capturing blocking stream"),
            Map.entry(907, "operation not permitted on an event last recorded in a capturing stream"),
            Map.entry(908, "attempt to terminate a thread-local capture sequence from another thread"),
            Map.entry(999, "unknown error"));

    private final ThreadLocal<Integer> lastError = ThreadLocal.withInitial(() -> 0);
    private final MemoryFill memoryFill = new MemoryFill();

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
        host.synchronizeDevice("cudaDeviceSynchronize");
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
            // Work that uses the memory may be queued: as cudaFree does, wait for all of it.
            host.finish();
            host.memory.free(pointer, "cudaFree");
        }
        host.reportFailure("cudaFree");
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
            host.copies.requireUnused(host.memory.pinned(pointer), "cudaFreeHost");
            if (!host.checked) {
                host.finish();
            }
            host.memory.freePinned(pointer, "cudaFreeHost");
        }
        return 0;
    }

    int cudaMemcpy(long to, long from, long bytes, int kind) {
        HostStream queue = host.queue(0, "cudaMemcpy");
        host.requireNoCapture("cudaMemcpy");
        requireKind(kind, "cudaMemcpy");
        if (bytes == 0) {
            return 0;
        }
        if (!queue.recording()) {
            HostCopy.copy(host, "cudaMemcpy", to, from, bytes, toDevice(to, kind), fromDevice(from, kind));
            return 0;
        }
        HostCopy copy = new HostCopy(host, "cudaMemcpy", to, from, bytes, toDevice(to, kind), fromDevice(from, kind));
        if (copy.stages()) {
            host.synchronize(queue, "cudaMemcpy");
        }
        queue.record(copy);
        if (copy.blocksAsMemcpy()) {
            host.synchronize(queue, "cudaMemcpy");
        }
        return 0;
    }

    int cudaMemcpyAsync(long to, long from, long bytes, int kind, long stream) {
        HostStream queue = host.queue(stream, "cudaMemcpyAsync");
        requireKind(kind, "cudaMemcpyAsync");
        if (bytes == 0) {
            return 0;
        }
        if (!queue.recording()) {
            HostCopy.copy(host, "cudaMemcpyAsync", to, from, bytes, toDevice(to, kind), fromDevice(from, kind));
            return 0;
        }
        HostCopy copy = new HostCopy(host, "cudaMemcpyAsync", to, from, bytes, toDevice(to, kind), fromDevice(from, kind));
        boolean captured = queue.capture() != null;
        queue.record(copy);
        if (!captured && copy.blocksAsMemcpyAsync()) {
            host.synchronize(queue, "cudaMemcpyAsync");
        }
        return 0;
    }

    int cudaMemset(long pointer, int value, long bytes) {
        return memset(pointer, value, bytes, host.queue(0, "cudaMemset"), "cudaMemset");
    }

    int cudaMemsetAsync(long pointer, int value, long bytes, long stream) {
        return memset(pointer, value, bytes, host.queue(stream, "cudaMemsetAsync"), "cudaMemsetAsync");
    }

    private int memset(long pointer, int value, long bytes, HostStream queue, String function) {
        if (bytes == 0) {
            return 0;
        }
        if (queue.recording()) {
            queue.record(checkOnly -> fill(checkOnly, pointer, value, bytes, function));
        } else {
            fill(false, pointer, value, bytes, function);
        }
        return 0;
    }

    private void fill(boolean checkOnly, long pointer, int value, long bytes, String function) {
        long real = host.memory.real(pointer, bytes, function, "devPtr");
        if (!checkOnly) {
            synchronized (host.engine) {
                memoryFill.fill(real, bytes, (byte) value);
            }
        }
    }

    private static void requireKind(int kind, String function) {
        if (kind < 0 || kind > COPY_DEFAULT) {
            throw Fault.invalid(function + ": unknown kind " + kind);
        }
    }

    private boolean fromDevice(long from, int kind) {
        return kind == DEVICE_TO_HOST || kind == DEVICE_TO_DEVICE || kind == COPY_DEFAULT && host.memory.isDevice(from);
    }

    private boolean toDevice(long to, int kind) {
        return kind == HOST_TO_DEVICE || kind == DEVICE_TO_DEVICE || kind == COPY_DEFAULT && host.memory.isDevice(to);
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
        HostStream made = new HostStream(host, flags, priority);
        if (host.scheduler != null) {
            host.scheduler.add(made);
        }
        Native.putLong(stream, host.streams.add(made, "cudaStreamCreate"));
        return 0;
    }

    int cudaStreamDestroy(long stream) {
        HostStream gone = host.streams.remove(stream, "cudaStreamDestroy", "stream");
        Capture capture = gone.capture();
        if (capture != null) {
            host.endCapture(capture);
        }
        if (host.scheduler != null) {
            host.scheduler.await(host.scheduler.last(gone));
            host.scheduler.remove(gone);
        }
        host.reportFailure("cudaStreamDestroy");
        return 0;
    }

    int cudaStreamSynchronize(long stream) {
        host.synchronize(notCapturing(stream, "cudaStreamSynchronize"), "cudaStreamSynchronize");
        return 0;
    }

    int cudaStreamQuery(long stream) {
        HostStream queue = notCapturing(stream, "cudaStreamQuery");
        return host.scheduler == null ? 0 : poll(host.scheduler.last(queue), "cudaStreamQuery");
    }

    private HostStream notCapturing(long stream, String function) {
        HostStream queue = host.queue(stream, function);
        if (queue.capture() != null) {
            throw queue.capture().invalidate(Fault.Kind.CAPTURE_UNSUPPORTED,
                    function + " is not permitted on a stream that is being captured");
        }
        return queue;
    }

    /** Returns success or {@code cudaErrorNotReady}, which is an answer and no error; the scheduler must be there. */
    private int poll(Task task, String function) {
        boolean done = host.scheduler.poll(task);
        host.reportFailure(function);
        return done ? 0 : NOT_READY;
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
        HostEvent mark = host.events.get(event, "cudaStreamWaitEvent", "event");
        Capture recordedIn = mark.capture();
        Capture current = queue.capture();
        if (recordedIn == null && current == null) {
            Task task = mark.task();
            if (host.scheduler != null && !host.scheduler.done(task)) {
                host.scheduler.enqueue(queue, null, task);
            }
        } else if (recordedIn == null || recordedIn.ended() && current != null) {
            throw current.invalidate(Fault.Kind.CAPTURE_ISOLATION,
                    "cudaStreamWaitEvent: the stream is being captured and the event was recorded outside the capture");
        } else if (recordedIn.ended()) {
            mark.requireNotCaptured("cudaStreamWaitEvent");
        } else if (current != null && current != recordedIn) {
            recordedIn.invalidate(Fault.Kind.CAPTURE_MERGE, "cudaStreamWaitEvent would have merged it with another capture");
            throw current.invalidate(Fault.Kind.CAPTURE_MERGE,
                    "cudaStreamWaitEvent: the stream belongs to one capture and the event to another; they cannot be merged");
        } else if (queue == host.defaultStream) {
            throw recordedIn.invalidate(Fault.Kind.CAPTURE_IMPLICIT,
                    "cudaStreamWaitEvent: the event belongs to a capture, which the default stream cannot enter");
        } else {
            mark.joinTo(queue);
        }
        return 0;
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
        mark.record(host.queue(stream, "cudaEventRecord"), host.scheduler);
        return 0;
    }

    int cudaEventQuery(long event) {
        HostEvent mark = host.events.get(event, "cudaEventQuery", "event");
        mark.requireNotCaptured("cudaEventQuery");
        return host.scheduler == null ? 0 : poll(mark.task(), "cudaEventQuery");
    }

    int cudaEventSynchronize(long event) {
        HostEvent mark = host.events.get(event, "cudaEventSynchronize", "event");
        mark.requireNotCaptured("cudaEventSynchronize");
        if (host.scheduler != null) {
            host.scheduler.await(mark.task());
            host.reportFailure("cudaEventSynchronize");
        }
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
        if (host.scheduler != null && !(host.scheduler.poll(from.task()) & host.scheduler.poll(to.task()))) {
            return NOT_READY;
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
        if (queue.capture() != null) {
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
        Capture capture = queue.capture();
        if (capture == null) {
            throw new Fault(Fault.Kind.ILLEGAL_STATE, "cudaStreamEndCapture: the stream is not being captured");
        }
        capture.requireEndable(queue, "cudaStreamEndCapture");
        host.endCapture(capture);
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
            graph.run(false);
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
