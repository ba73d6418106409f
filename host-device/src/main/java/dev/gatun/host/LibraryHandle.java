package dev.gatun.host;

/** What a cuBLAS or cuDNN handle holds; in checked mode it finds two threads inside calls on it at the same time. */
class LibraryHandle {
    /** The stream on which the handle's calls are enqueued. */
    long stream;

    private Thread user;

    synchronized void enter(String function) {
        if (user != null && user != Thread.currentThread()) {
            throw Fault.invalid(function + ": the handle is in use by thread '" + user.getName() + "' at this moment; thread '"
                    + Thread.currentThread().getName() + "' needs a handle of its own");
        }
        user = Thread.currentThread();
    }

    synchronized void leave() {
        user = null;
    }
}
