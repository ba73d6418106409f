package dev.gatun.app;

import dev.gatun.device.Device;
import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A program that uses the device through its bindings, and says what it is; outside the project's packages, as a user's is. */
public final class DescribeDevice {
    private DescribeDevice() {}

    /** Allocates, frees, and prints the device, with the module of its bindings. */
    public static void main(String[] arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            int allocated = Cudart.cudaMalloc(out, 16);
            int freed = Cudart.cudaFree(out.get(ValueLayout.ADDRESS, 0));
            System.out.println(allocated + " " + freed + " " + Device.class.getModule() + " " + Device.current().describe());
        }
    }
}
