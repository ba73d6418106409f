package dev.gatun.tests.ptx;

import java.util.Map;

/** A parsed PTX module: its kernels by name. */
record PtxModule(Map<String, Kernel> kernels) {
    /**
     * Reads a module.
     *
     * @throws PtxException if it is malformed or holds anything that the interpreter does not implement
     */
    static PtxModule parse(String ptx) {
        return new PtxParser(ptx).module();
    }

    /** Returns the kernel of that name. */
    Kernel kernel(String name) {
        Kernel kernel = kernels.get(name);
        if (kernel == null) {
            throw new IllegalArgumentException("no kernel '" + name + "' among " + kernels.keySet());
        }
        return kernel;
    }
}
