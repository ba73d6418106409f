package dev.gatun.examples.library;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.KernelModule;
import dev.gatun.cuda.Stream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** A CUDA kernel of one's own, y = a · x + y, loaded from PTX; the software device runs its twin, {@link AxpyTwin}. */
public final class CustomKernel {
    /** What {@code nvcc -ptx} makes of a kernel, here by hand: one thread an element, threads beyond the n-th do nothing. */
    private static final String PTX = """
            .version 8.0
            .target sm_75
            .address_size 64

            .visible .entry axpy(.param .u64 y, .param .u64 x, .param .f32 a, .param .u32 n)
            {
                .reg .pred  %beyond;
                .reg .b32   %i, %n, %block, %size, %thread;
                .reg .b64   %x, %y, %offset;
                .reg .f32   %a, %xi, %yi;

                mov.u32         %block, %ctaid.x;
                mov.u32         %size, %ntid.x;
                mov.u32         %thread, %tid.x;
                mad.lo.s32      %i, %block, %size, %thread;
                ld.param.u32    %n, [n];
                setp.ge.u32     %beyond, %i, %n;
                @%beyond bra    DONE;

                mul.wide.u32    %offset, %i, 4;
                ld.param.u64    %x, [x];
                cvta.to.global.u64 %x, %x;
                add.s64         %x, %x, %offset;
                ld.global.f32   %xi, [%x];
                ld.param.u64    %y, [y];
                cvta.to.global.u64 %y, %y;
                add.s64         %y, %y, %offset;
                ld.global.f32   %yi, [%y];
                ld.param.f32    %a, [a];
                fma.rn.f32      %yi, %a, %xi, %yi;
                st.global.f32   [%y], %yi;
            DONE:
                ret;
            }
            """;

    private static final int BLOCK = 256;

    private CustomKernel() {}

    /** Runs the kernel twice; run it with {@code --enable-native-access=ALL-UNNAMED}. */
    public static void main(String[] arguments) {
        run(System.out);
    }

    static void run(PrintStream out) {
        int n = 5;
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); KernelModule module = KernelModule.load(PTX);
                DeviceBuffer x = DeviceBuffer.allocateFloats(n); DeviceBuffer y = DeviceBuffer.allocateFloats(n)) {
            x.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4, 5));
            y.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 100, 100, 100, 100, 100));

            // Prepared once, launched often: the arguments stand in native memory, and a launch allocates nothing.
            KernelCall axpy = module.kernel("axpy").call(Math.ceilDiv(n, BLOCK), BLOCK, y, x, 2f, n);
            axpy.launch(stream); //    y = 2 x + 100
            axpy.set(2, 0.5f);
            axpy.launch(stream); //    y = 0.5 x + 2 x + 100
            stream.synchronize();

            MemorySegment result = arena.allocate(ValueLayout.JAVA_FLOAT, n);
            y.copyTo(result);
            out.println(Arrays.toString(result.toArray(ValueLayout.JAVA_FLOAT)));
        }
    }
}
