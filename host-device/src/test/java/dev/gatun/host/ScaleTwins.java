package dev.gatun.host;

import dev.gatun.device.spi.KernelLaunch;
import dev.gatun.device.spi.KernelTwin;
import dev.gatun.device.spi.KernelTwins;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/** Twins for the driver's tests: {@code scale} multiplies {@code n} floats by a factor, {@code misread} reads the wrong type. */
public final class ScaleTwins implements KernelTwins {
    /** Entries as a compiler writes them; {@code lonely} has no twin. */
    static final String PTX = """
            .version 8.0
            .target sm_75
            .address_size 64
            // .entry commented_out()
            .visible .entry scale(
                .param .u64 .ptr .align 4 scale_param_0,
                .param .f32 scale_param_1,
                .param .u32 scale_param_2
            )
            {
                ret;
            }
            .visible .entry misread(.param .u64 misread_param_0) { ret; }
            .visible .entry lonely() { ret; }
            """;

    @Override
    public Map<String, KernelTwin> byName() {
        return Map.of("scale", ScaleTwins::scale, "misread", launch -> launch.floatAt(0));
    }

    private static void scale(KernelLaunch launch) {
        int n = launch.intAt(2);
        float factor = launch.floatAt(1);
        MemorySegment values = launch.memoryAt(0, Float.BYTES * (long) n);
        for (int i = 0; i < n; i++) {
            values.setAtIndex(ValueLayout.JAVA_FLOAT, i, factor * values.getAtIndex(ValueLayout.JAVA_FLOAT, i));
        }
    }
}
