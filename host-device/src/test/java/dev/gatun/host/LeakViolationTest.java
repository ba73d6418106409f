package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import org.junit.jupiter.api.Test;

/** What a program leaves alive at its end, which checked mode reports with the stack that made it. */
class LeakViolationTest {
    private static final String HOST = "-Dgatun.device=host";

    /** Ends with things alive. */
    static final class Leaking {
        public static void main(String[] arguments) {
            allocateAndForget();
            Cuda.make(Cudnn::cudnnCreateRNNDescriptor);
            Cuda.make(out -> Cudart.cudaMallocHost(out, 77));
            Cuda.stream();
            Cuda.free(Cuda.malloc(99));
        }

        private static void allocateAndForget() {
            Cuda.malloc(1234);
        }
    }

    @Test
    void whatIsAliveAtExitIsReportedWithTheStackThatMadeIt() throws Exception {
        ChildJvm child = ChildJvm.onClassPath(Leaking.class, HOST, "-Dgatun.check=full");
        assertTrue(child.output().contains("still alive at exit: 4"), child.output());
        assertTrue(child.output().contains("1234 bytes of device memory, made by cudaMalloc"), child.output());
        assertTrue(child.output().contains("Leaking.allocateAndForget"), child.output());
        assertTrue(child.output().contains("an RNN descriptor, made by cudnnCreateRNNDescriptor"), child.output());
        assertTrue(child.output().contains("77 bytes of pinned host memory, made by cudaHostAlloc"), child.output());
        assertTrue(child.output().contains("a stream, made by cudaStreamCreate"), child.output());
        Violations.caught();
        assertFalse(child.output().contains("99 bytes"), child.output());
    }
}
