package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.lm.kernels.LmPtx;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel of the PTX in the jar, executed instruction by instruction, against references in double and the twins. */
class KernelsTest {
    private static final PtxModule MODULE = PtxModule.parse(LmPtx.text());

    /** Few of the many: every kind of block, buffers that 16-byte accesses suit and ones that they do not, exact and approximate. */
    static final List<KernelBench.Setting> SOME = List.of(new KernelBench.Setting(32, 1, 0, 0), new KernelBench.Setting(96, 2, 2, 8),
            new KernelBench.Setting(256, 3, 0, 8), new KernelBench.Setting(1024, 4, 2, 0));

    static Stream<String> kernels() {
        return KernelChecks.ALL.keySet().stream().sorted();
    }

    @Test
    void everyKernelIsChecked() {
        assertEquals(new TreeSet<>(MODULE.kernels().keySet()), new TreeSet<>(KernelChecks.ALL.keySet()));
    }

    @ParameterizedTest
    @FieldSource("SOME")
    void kernelsComputeWhatTheyPromise(KernelBench.Setting setting) {
        kernels().forEach(kernel -> check(kernel, setting));
    }

    /** Every size of block, exact and perturbed, aligned and not; for some sizes, several interleavings. */
    @Tag("full")
    @ParameterizedTest
    @MethodSource("kernels")
    void kernelsComputeWhatTheyPromiseInBlocksOfEveryShapeAndOrder(String kernel) {
        IntStream.rangeClosed(1, 32).forEach(warps ->
                check(kernel, new KernelBench.Setting(32 * warps, 100 + warps, warps % 2 * 2, warps / 2 % 2 * 8)));
        for (int threads : new int[] {32, 256, 1024}) {
            LongStream.range(0, 3).forEach(seed -> check(kernel, new KernelBench.Setting(threads, seed, (int) seed % 2 * 2, 0)));
        }
    }

    private static void check(String kernel, KernelBench.Setting setting) {
        try {
            KernelChecks.ALL.get(kernel).accept(new KernelBench(MODULE, setting));
        } catch (AssertionError | Fault e) {
            throw new AssertionError(kernel + ", " + setting + ": " + e.getMessage(), e);
        }
    }
}
