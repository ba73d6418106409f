package dev.gatun.host.compute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.host.generated.dnnl.Dnnl;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodType;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GemmTest {
    @Test
    void theSignatureIsTheHeadersWithLongsForPointers() {
        MethodType generated = Dnnl.dnnl_sgemm$descriptor().toMethodType();
        Class<?>[] arguments = generated.parameterArray();
        Arrays.setAll(arguments, i -> arguments[i] == MemorySegment.class ? long.class : arguments[i]);
        assertEquals(MethodType.methodType(generated.returnType(), arguments), Gemm.SIGNATURE.toMethodType());
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "1,1000,300", "1000,1,300", "1,1,777", "3,5,7", "17,33,65", "20,512,128", "64,64,64", "129,31,257", "2,2048,512"})
    void agreesWithAPlainDoublePrecisionProduct(int m, int n, int k) {
        for (int transposes = 0; transposes < 4; transposes++) {
            for (int extra = 0; extra <= 3; extra += 3) {
                assertAgrees((transposes & 1) != 0, (transposes & 2) != 0, m, n, k, 1, 0, extra);
                assertAgrees((transposes & 1) != 0, (transposes & 2) != 0, m, n, k, -0.75f, 1, extra);
                assertAgrees((transposes & 1) != 0, (transposes & 2) != 0, m, n, k, 0.5f, -2, extra);
            }
        }
    }

    private static void assertAgrees(boolean transA, boolean transB, int m, int n, int k, float alpha, float beta, int extra) {
        try (Arena arena = Arena.ofConfined()) {
            SplittableRandom random = new SplittableRandom(m + 31 * n + 997 * k);
            int lda = (transA ? m : k) + extra;
            int ldb = (transB ? k : n) + extra;
            int ldc = n + extra;
            long a = Native.random(arena, random, (long) lda * (transA ? k : m), 1);
            long b = Native.random(arena, random, (long) ldb * (transB ? n : k), 1);
            // beta 0 means that C is not read: nothing but numbers may come out.
            long c = beta == 0 ? Native.unwritten(arena, (long) ldc * m) : Native.random(arena, random, (long) ldc * m, 1);
            double[] before = Native.read(c, (long) ldc * m);
            Gemm.multiply(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
            double[] after = Native.read(c, (long) ldc * m);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < ldc; j++) {
                    if (j >= n) {
                        assertEquals(before[i * ldc + j], after[i * ldc + j], "between the rows of C");
                        continue;
                    }
                    double sum = 0;
                    double size = 0;
                    for (int p = 0; p < k; p++) {
                        double product = (double) value(a, transA, lda, i, p) * value(b, transB, ldb, p, j);
                        sum += product;
                        size += Math.abs(product);
                    }
                    double expected = alpha * sum + (beta == 0 ? 0 : beta * before[i * ldc + j]);
                    // Any order of k additions is within k roundings of 6e-8 of the sum of magnitudes (Higham, 3.1).
                    double tolerance = 6e-8 * ((k + 1) * Math.abs(alpha) * size + 2 * Math.abs(expected) + 3);
                    assertEquals(expected, after[i * ldc + j], tolerance, () -> "transA " + transA + " transB " + transB);
                }
            }
        }
    }

    private static float value(long matrix, boolean transposed, int leading, int row, int column) {
        return Memory.getFloat(matrix + (transposed ? (long) column * leading + row : (long) row * leading + column) * Memory.F);
    }

    @Test
    void withoutTermsOnlyBetaRemains() {
        try (Arena arena = Arena.ofConfined()) {
            long c = Native.filled(arena, 6, 2);
            Gemm.multiply(false, false, 2, 2, 0, 1, c, 1, c, 2, 0.5f, c, 3);
            assertEquals(1, Memory.getFloat(c));
            assertEquals(2, Memory.getFloat(c + 2 * Memory.F));
            long unwritten = Native.unwritten(arena, 4);
            Gemm.multiply(false, false, 2, 2, 0, 1, c, 1, c, 2, 0, unwritten, 2);
            assertEquals(0, Memory.getFloat(unwritten + 3 * Memory.F));
        }
    }

    @Test
    void anEmptyResultIsLeftAlone() {
        Gemm.multiply(false, false, 0, 5, 5, 1, 0, 5, 0, 5, 0, 0, 5);
        Gemm.multiply(false, false, 5, 0, 5, 1, 0, 5, 0, 1, 0, 0, 1);
    }

    @Test
    void theSameFactorsGiveTheSameBits() {
        try (Arena arena = Arena.ofConfined()) {
            SplittableRandom random = new SplittableRandom(3);
            long a = Native.random(arena, random, 600 * 900, 1);
            long b = Native.random(arena, random, 900 * 50, 1);
            long first = Native.unwritten(arena, 600 * 50);
            Gemm.multiply(false, false, 600, 50, 900, 1, a, 900, b, 50, 0, first, 50);
            long again = Native.unwritten(arena, 600 * 50);
            for (int repetition = 0; repetition < 10; repetition++) {
                Gemm.multiply(false, false, 600, 50, 900, 1, a, 900, b, 50, 0, again, 50);
                assertArrayEquals(Native.read(first, 600 * 50), Native.read(again, 600 * 50));
            }
        }
    }
}
