package dev.gatun.tests.ptx;

import java.util.List;

/** Small kernels written in tests. */
final class Snippets {
    private Snippets() {}

    /** Returns a module with one kernel, {@code test}, that has ten registers of each width. */
    static String kernel(String parameters, String body) {
        return ".version 8.0\n.target sm_75\n.address_size 64\n.visible .entry test(" + parameters + ")\n{\n"
                + ".reg .pred %p<10>; .reg .b16 %rs<10>; .reg .b32 %r<10>; .reg .b64 %rd<10>;\n" + body + "}\n";
    }

    /** Runs the kernel and returns the machine's findings. */
    static List<String> run(AddressSpace memory, String ptx, int blocks, int threads, long... parameters) {
        Machine machine = new Machine(memory, 1, 0);
        machine.launch(PtxModule.parse(ptx).kernel("test"), blocks, threads, parameters);
        return machine.findings();
    }
}
