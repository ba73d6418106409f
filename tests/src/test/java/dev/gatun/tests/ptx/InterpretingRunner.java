package dev.gatun.tests.ptx;

import dev.gatun.device.spi.PtxRunner;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Runs the software device's kernels in the interpreter: whatever was loaded, launched as the program launches it. A kernel that
 * does anything wrong fails its launch. Memory counts as initialised, because the libraries' writes are not seen here.
 */
public final class InterpretingRunner implements PtxRunner {
    private static final Map<String, PtxModule> MODULES = new HashMap<>();
    private static final Map<String, Integer> LAUNCHES = new TreeMap<>();

    private static long seed;

    /** For {@link java.util.ServiceLoader}. */
    public InterpretingRunner() {}

    @Override
    public void run(String ptx, String kernel, int blocks, int threads, long[] parameters, Memory memory) {
        synchronized (MODULES) {
            Kernel parsed = MODULES.computeIfAbsent(ptx, PtxModule::parse).kernel(kernel);
            for (int i = 0; i < parameters.length; i++) {
                parameters[i] = parsed.parameters().get(i).endsWith("32") ? Scalars.of((int) parameters[i]) : parameters[i];
            }
            Map<Long, Region> regions = new HashMap<>();
            Machine machine = new Machine(address -> region(address, memory, regions), seed++, 0);
            machine.launch(parsed, blocks, threads, parameters);
            if (!machine.findings().isEmpty()) {
                throw new Fault(String.join("\n", machine.findings()));
            }
            LAUNCHES.merge(kernel, 1, Integer::sum);
        }
    }

    private static Region region(long address, Memory memory, Map<Long, Region> touched) {
        Extent extent = memory.at(address);
        return extent == null ? null : touched.computeIfAbsent(extent.address(), start -> new Region(
                "the allocation at 0x" + Long.toHexString(start), start, extent.content(), true));
    }

    /** Returns how often each kernel was launched since the last call. */
    static Map<String, Integer> takeLaunches() {
        synchronized (MODULES) {
            Map<String, Integer> launches = new TreeMap<>(LAUNCHES);
            LAUNCHES.clear();
            return launches;
        }
    }

    /** Returns the texts of the modules that were run. */
    static Set<String> modules() {
        synchronized (MODULES) {
            return Set.copyOf(MODULES.keySet());
        }
    }
}
