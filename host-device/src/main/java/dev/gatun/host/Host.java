package dev.gatun.host;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** What the libraries of the software device share: its memory, streams, events, graphs, and what a thread did wrong last. */
final class Host {
    /** Handles 0, 1 and 2 mean the default stream; all three are one here. */
    private static final long LAST_DEFAULT_STREAM = 2;

    private static final Map<String, Long> STRINGS = new ConcurrentHashMap<>();

    final boolean checked;

    /** Whether weight spaces are laid out as no cuDNN does, to find programs that lean on one layout. */
    final boolean scattered;

    final DeviceMemory memory;
    final Handles<HostStream> streams;
    final Handles<HostEvent> events;
    final Handles<HostGraph> graphs;
    final Handles<HostGraph> executables;
    final HostStream defaultStream = new HostStream(this, 0, 0);

    /** Does the work of the streams; null if it is done during the calls. */
    final Scheduler scheduler;

    final QueuedCopies copies = new QueuedCopies();

    /** Held while work is done: one piece at a time, whichever threads enqueue it. */
    final Object engine = new Object();

    private final List<Handles<?>> tracked = new ArrayList<>();
    private final AtomicInteger captures = new AtomicInteger();
    private final ThreadLocal<String> lastFailure = ThreadLocal.withInitial(() -> "");
    private final ThreadLocal<LibraryHandle> handleInUse = new ThreadLocal<>();
    private final ThreadLocal<Boolean> contextCurrent = ThreadLocal.withInitial(() -> false);
    private volatile boolean initialized;

    Host(boolean checked, boolean scattered, StreamMode mode) {
        this.checked = checked;
        this.scattered = scattered;
        this.memory = new DeviceMemory(checked);
        this.scheduler = mode == StreamMode.INLINE ? null : new Scheduler(mode == StreamMode.LAZY, defaultStream);
        this.streams = handles("a stream");
        this.events = handles("an event");
        this.graphs = handles("a graph");
        this.executables = handles("an executable graph");
    }

    /** Makes a set of handles; whatever is left in it at exit is reported as a leak. */
    <T> Handles<T> handles(String kind) {
        Handles<T> handles = new Handles<>(kind, checked);
        tracked.add(handles);
        return handles;
    }

    /** Returns a stream by its handle, to synchronise or ask about. */
    HostStream stream(long handle, String function) {
        return handle >= 0 && handle <= LAST_DEFAULT_STREAM ? defaultStream : streams.get(handle, function, "the stream");
    }

    /** Returns the stream to enqueue work on; the default stream would wait for a captured one, which is an error. */
    HostStream queue(long handle, String function) {
        HostStream stream = stream(handle, function);
        if (stream == defaultStream && captures.get() > 0) {
            for (HostStream other : streams.live()) {
                Capture capture = other.capture();
                if (capture != null && other.blocking()) {
                    throw capture.invalidate(Fault.Kind.CAPTURE_IMPLICIT, function + ": the default stream waits for blocking"
                            + " streams, and one of them is being captured; use a stream of its own");
                }
            }
        }
        return stream;
    }

    void beginCapture(HostStream stream, int mode) {
        new Capture(stream, mode);
        captures.incrementAndGet();
    }

    void endCapture(Capture capture) {
        capture.end();
        captures.decrementAndGet();
    }

    /** Waits until a stream's work is done. */
    void synchronize(HostStream stream, String function) {
        if (scheduler != null) {
            scheduler.await(scheduler.last(stream));
            scheduler.reportFailure(function);
        }
    }

    /** Waits until the work of all streams is done. */
    void synchronizeDevice(String function) {
        finish();
        reportFailure(function);
    }

    /** Waits until the work of all streams is done, whether it succeeds or not. */
    void finish() {
        if (scheduler != null) {
            scheduler.awaitAll();
        }
    }

    /** Reports what failed of the work done so far. */
    void reportFailure(String function) {
        if (scheduler != null) {
            scheduler.reportFailure(function);
        }
    }

    /** Refuses a call that the runtime forbids while a stream is being captured; such a call spoils the capture. */
    void requireNoCapture(String function) {
        if (captures.get() == 0) {
            return;
        }
        for (HostStream stream : streams.live()) {
            Capture capture = stream.capture();
            if (capture != null && capture.concernsThisThread()) {
                throw capture.invalidate(Fault.Kind.CAPTURE_UNSUPPORTED,
                        function + " is not permitted while a stream is being captured");
            }
        }
    }

    /** Notes that the driver is initialised, as {@code cuInit} and the first call of the runtime do. */
    void initialize() {
        initialized = true;
    }

    boolean initialized() {
        return initialized;
    }

    /** Makes the device's context current for the calling thread, as calls of the runtime do, or takes it away. */
    void setContextCurrent(boolean current) {
        contextCurrent.set(current);
    }

    boolean contextCurrent() {
        return contextCurrent.get();
    }

    /** Notes which handle the calling thread's call works on, and refuses one that another thread is using. */
    void useHandle(LibraryHandle handle, String function) {
        handle.enter(function);
        handleInUse.set(handle);
    }

    /** Ends what {@link #useHandle} began; called at the end of every call. */
    void leaveHandle() {
        LibraryHandle handle = handleInUse.get();
        if (handle != null) {
            // Removing the variable would make a new entry for the next call.
            handleInUse.set(null);
            handle.leave();
        }
    }

    void rememberFailure(String message) {
        lastFailure.set(message);
    }

    String takeFailure() {
        String message = lastFailure.get();
        lastFailure.remove();
        return message;
    }

    /** Returns everything the program has not freed or destroyed, in words. */
    List<String> leaks() {
        List<String> leaks = memory.leaks();
        tracked.forEach(handles -> leaks.addAll(handles.leaks()));
        return leaks;
    }

    /** Returns the address of a C string that lives as long as the process. */
    static long string(String text) {
        return STRINGS.computeIfAbsent(text, t -> Arena.global().allocateFrom(t).address());
    }
}
