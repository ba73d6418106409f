package dev.gatun.host;

import dev.gatun.device.NativeLibrary;

/**
 * A part of one library of the software device. Each C function that it computes is a Java method of the same name, in which
 * pointers and {@code size_t} are {@code long}; {@link EntryPoints} finds it by that name.
 */
abstract class HostLibrary {
    static final System.Logger LOG = System.getLogger("dev.gatun.host");

    final Host host;
    final NativeLibrary library;

    HostLibrary(Host host, NativeLibrary library) {
        this.host = host;
        this.library = library;
    }

    /** Returns the status that the library documents for a kind of refusal. */
    abstract int status(Fault.Kind kind);

    /** Returns the status for an error of the software device itself. */
    abstract int internalError();

    /** Called with each failure, so that the library can answer its "last error" functions. */
    void failed(int status, String message) {}

    /** Returns the live object of a cuBLAS or cuDNN handle; checked mode refuses one that another thread is using. */
    final <H extends LibraryHandle> H use(Handles<H> handles, long handle, String function) {
        H object = handles.get(handle, function, "handle");
        if (host.checked) {
            host.useHandle(object, function);
        }
        return object;
    }

    /** Turns an exception into a status: none may cross the C boundary. */
    final int statusOf(String function, Throwable thrown) {
        int status;
        String message;
        if (thrown instanceof Fault fault) {
            status = status(fault.kind());
            message = fault.getMessage();
            LOG.log(System.Logger.Level.DEBUG, () -> message + " (status " + status + ")");
        } else {
            status = internalError();
            message = function + ": " + thrown;
            LOG.log(System.Logger.Level.ERROR, message, thrown);
        }
        host.rememberFailure(message);
        failed(status, message);
        return status;
    }

    /** Called at the end of every call that returns a status, with it. */
    final int leave(int status) {
        if (host.checked) {
            host.leaveHandle();
        }
        return status;
    }
}
