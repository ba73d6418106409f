package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.cuda.CudaException;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.DeviceInfo;
import dev.gatun.device.Owner;
import dev.gatun.device.Symbols;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A listener is told of every native call, in their order; and what owners and the device count. */
class CallListenerTest {
    @Test
    void aListenerIsToldOfEveryCallAndTheCallsAnswerAsBefore() throws Exception {
        Forked run = Forked.java("--enable-native-access=ALL-UNNAMED", "-Dgatun.device=host", "-cp", System.getProperty("java.class.path"),
                Listen.class.getName());
        assertEquals("""
                cudaMalloc cudaFree cudaGetErrorName cudaGetErrorString
                cudaMalloc returned cudaErrorMemoryAllocation (2): out of memory
                """, run.succeeded());
    }

    /** Allocates and frees, meets an error, and prints the calls. */
    static final class Listen {
        public static void main(String[] arguments) {
            List<String> calls = new ArrayList<>();
            Symbols.listen((library, function) -> calls.add(function));
            DeviceBuffer.allocate(8).close();
            CudaException error = assertThrows(CudaException.class, () -> CudaException.checkRuntime(2, "cudaMalloc"));
            System.out.println(String.join(" ", calls));
            System.out.println(error.getMessage().lines().findFirst().orElseThrow());
        }
    }

    @Test
    void aListenerThatComesTooLateIsRefused() {
        DeviceInfo.freeMemoryBytes();
        String message = assertThrows(IllegalStateException.class, () -> Symbols.listen((library, function) -> {})).getMessage();
        assertTrue(message.contains("functions have been looked up before"), message);
    }

    @Test
    void ownersAreCountedAndMemoryComesBack() {
        long free = DeviceInfo.freeMemoryBytes();
        long open = Owner.made() - Owner.destroyed();
        try (DeviceBuffer buffer = DeviceBuffer.allocate(1 << 20)) {
            assertEquals(free - buffer.byteSize(), DeviceInfo.freeMemoryBytes());
            assertEquals(open + 1, Owner.made() - Owner.destroyed());
        }
        assertEquals(free, DeviceInfo.freeMemoryBytes());
        assertEquals(open, Owner.made() - Owner.destroyed());
    }
}
