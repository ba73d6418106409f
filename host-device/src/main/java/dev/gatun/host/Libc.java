package dev.gatun.host;

import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;

/** Functions of the C library. */
final class Libc {
    private static final SymbolLookup LOOKUP = Linker.nativeLinker().defaultLookup();

    static final CFunction ALIGNED_ALLOC = find("aligned_alloc");
    static final CFunction FREE = find("free");
    static final CFunction MADVISE = find("madvise");
    static final CFunction MEMSET = find("memset");
    static final CFunction SETENV = find("setenv");

    private Libc() {}

    /** Finds the functions now rather than at their first use, which would wait for a library that another thread is loading. */
    static void load() {}

    private static CFunction find(String name) {
        return CFunction.at(LOOKUP.findOrThrow(name));
    }
}
