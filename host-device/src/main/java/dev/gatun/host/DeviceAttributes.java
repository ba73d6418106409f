package dev.gatun.host;

import java.util.Map;

/** What the software device says of itself; the numbers are those of {@code cudaDeviceAttr}. */
final class DeviceAttributes {
    /** Compute capability 8.0: the first that has every precision Gatun offers. */
    private static final Map<Integer, Integer> VALUES = Map.ofEntries(
            Map.entry(1, 1024), // threads per block
            Map.entry(2, 1024), // block x
            Map.entry(3, 1024), // block y
            Map.entry(4, 64), // block z
            Map.entry(5, Integer.MAX_VALUE), // grid x
            Map.entry(6, 65535), // grid y
            Map.entry(7, 65535), // grid z
            Map.entry(8, 48 << 10), // shared memory per block
            Map.entry(10, 32), // warp size
            Map.entry(39, 2048), // threads per multiprocessor
            Map.entry(75, 8), // compute capability, major
            Map.entry(76, 0)); // compute capability, minor

    private static final int MULTIPROCESSORS = 16;
    private static final int LARGEST = 200;

    private DeviceAttributes() {}

    static int value(int attribute, String function) {
        if (attribute < 1 || attribute > LARGEST) {
            throw Fault.invalid(function + ": unknown attribute " + attribute);
        }
        return attribute == MULTIPROCESSORS ? Runtime.getRuntime().availableProcessors() : VALUES.getOrDefault(attribute, 0);
    }

    /** Returns the machine's memory in bytes. */
    static long memoryBytes() {
        var system = (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();
        return system.getTotalMemorySize();
    }
}
