package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

class EntryPointsTest {
    private static final int INVALID_DEVICE = 101;

    /** As C leaves it: the calling conventions say nothing of the upper half of an int's register. */
    @Test
    void anIntArgumentIsTheLowerHalfOfItsRegister() throws Throwable {
        MethodHandle setDevice = Linker.nativeLinker().downcallHandle(Cudart.cudaSetDevice$address(),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
        long rest = 0x1234_5678L << 32;
        assertEquals(0, (int) setDevice.invokeExact(rest));
        Cuda.refused(INVALID_DEVICE, (int) setDevice.invokeExact(rest | 1), "cudaSetDevice", "no device 1");
        Cuda.refused(INVALID_DEVICE, (int) setDevice.invokeExact(rest | 0xFFFF_FFFFL), "cudaSetDevice", "no device -1");
    }
}
