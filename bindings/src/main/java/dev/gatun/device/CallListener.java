package dev.gatun.device;

/** Is told of every native call of this process; see {@link Symbols#listen}. */
@FunctionalInterface
public interface CallListener {
    /**
     * Called just before a native call, on its thread. It must not throw, which would end the process, nor make native calls.
     *
     * @param library the library that is called
     * @param function the exported name
     */
    void calling(NativeLibrary library, String function);
}
