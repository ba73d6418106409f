package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.generated.cublas.Cublas;
import dev.gatun.generated.cublaslt.CublasLt;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CublasTest {
    private static final int DEVICE_POINTERS = 1;

    private final MemorySegment blas = Cuda.make(Cublas::cublasCreate_v2);
    private final Arena arena = Arena.ofShared();
    private final MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
    private final MemorySegment zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0);

    @AfterEach
    void close() {
        Cuda.ok(Cublas.cublasDestroy_v2(blas));
        arena.close();
    }

    private static float[] random(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }

    private static double at(float[] matrix, int leading, boolean transposed, int row, int column) {
        return transposed ? matrix[row * leading + column] : matrix[column * leading + row];
    }

    /** The software device keeps a packed copy of a large factor; it must notice each way to write to the factor. */
    @Test
    void aProductFollowsItsFactorsAsTheyAreWritten() {
        int m = 600;
        int n = 20;
        int k = 500;
        float[] weights = random(1, m * k);
        MemorySegment deviceA = Cuda.upload(weights);
        MemorySegment deviceB = Cuda.upload(random(2, k * n));
        MemorySegment deviceC = Cuda.mallocFloats((long) m * n);
        float[] first = product(m, n, k, deviceA, deviceB, deviceC);
        assertArrayEquals(first, product(m, n, k, deviceA, deviceB, deviceC));
        float[] negative = weights.clone();
        for (int i = 0; i < negative.length; i++) {
            negative[i] = -negative[i];
        }
        Cuda.write(deviceA, negative);
        float[] negated = product(m, n, k, deviceA, deviceB, deviceC);
        for (int i = 0; i < negated.length; i++) {
            assertEquals(-first[i], negated[i]);
        }
        Cuda.ok(Cublas.cublasSscal_v2(blas, m * k, zero, deviceA, 1));
        for (float value : product(m, n, k, deviceA, deviceB, deviceC)) {
            assertEquals(0, Math.abs(value));
        }
        Cuda.free(deviceA);
        MemorySegment again = Cuda.upload(weights);
        assertArrayEquals(first, product(m, n, k, again, deviceB, deviceC), "in memory that was freed");
        Cuda.free(again, deviceB, deviceC);
    }

    private float[] product(int m, int n, int k, MemorySegment a, MemorySegment b, MemorySegment c) {
        Cuda.ok(Cublas.cublasSgemm_v2(blas, 1, 0, m, n, k, one, a, k, b, k, zero, c, m));
        return Cuda.download(c, m * n);
    }

    /** All products and sums are of numbers below 1, so that single precision errs by less than k 2^-24 for each of k terms. */
    @Test
    void productsAreColumnMajorWithAnyTransposition() {
        int m = 3;
        int n = 4;
        int k = 5;
        int leading = 7;
        float[] a = random(1, leading * 7);
        float[] b = random(2, leading * 7);
        float[] c = random(3, leading * 7);
        MemorySegment alpha = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0.5f);
        MemorySegment beta = arena.allocateFrom(ValueLayout.JAVA_FLOAT, -2);
        MemorySegment deviceA = Cuda.upload(a);
        MemorySegment deviceB = Cuda.upload(b);
        MemorySegment deviceC = Cuda.mallocFloats(c.length);
        for (int op = 0; op < 4; op++) {
            boolean transA = (op & 1) != 0;
            boolean transB = (op & 2) != 0;
            Cuda.write(deviceC, c);
            Cuda.ok(Cublas.cublasGemmEx(blas, op & 1, op >> 1, m, n, k, alpha, deviceA, 0, leading, deviceB, 0, leading, beta, deviceC, 0,
                    leading, 68, -1));
            float[] result = Cuda.download(deviceC, c.length);
            for (int row = 0; row < leading; row++) {
                for (int column = 0; column < 7; column++) {
                    double expected = c[column * leading + row];
                    if (row < m && column < n) {
                        expected *= -2;
                        for (int i = 0; i < k; i++) {
                            expected += 0.5 * at(a, leading, transA, row, i) * at(b, leading, transB, i, column);
                        }
                    }
                    assertEquals(expected, result[column * leading + row], k * k * 0x1p-24, "row " + row + ", column " + column);
                }
            }
        }
        Cuda.free(deviceA, deviceB, deviceC);
    }

    @Test
    void batchedProductsWalkByTheirStrides() {
        MemorySegment a = Cuda.upload(1, 2, 3, 4);
        MemorySegment b = Cuda.upload(10);
        MemorySegment c = Cuda.upload(0, 0, 0, 0, 0, 0);
        Cuda.ok(Cublas.cublasSgemmStridedBatched(blas, 0, 0, 2, 1, 1, one, a, 2, 2, b, 1, 0, zero, c, 2, 3, 2));
        assertArrayEquals(new float[] {10, 20, 0, 30, 40, 0}, Cuda.download(c, 6));
        Cuda.free(a, b, c);
    }

    @Test
    void matrixTimesVector() {
        // Columns (1, 2), (3, 4), (5, 6); the vectors' unused places hold NaN.
        MemorySegment a = Cuda.upload(1, 2, 3, 4, 5, 6);
        MemorySegment x = Cuda.upload(1, Float.NaN, 10, Float.NaN, 100);
        MemorySegment y = Cuda.upload(1000, Float.NaN, Float.NaN, 2000, Float.NaN, Float.NaN, 3000);
        Cuda.ok(Cublas.cublasSgemv_v2(blas, 0, 2, 3, one, a, 2, x, 2, one, y, 3));
        assertArrayEquals(new float[] {1531, Float.NaN, Float.NaN, 2642}, Cuda.download(y, 4));
        Cuda.ok(Cublas.cublasSgemv_v2(blas, 1, 2, 3, one, a, 2, x, 2, zero, y, 3));
        assertArrayEquals(new float[] {21, Float.NaN, Float.NaN, 43, Float.NaN, Float.NaN, 65}, Cuda.download(y, 7));
        Cuda.free(a, x, y);
    }

    @Test
    void vectorOperations() {
        MemorySegment two = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 2);
        MemorySegment x = Cuda.upload(3, 0, 4, 0);
        MemorySegment y = Cuda.upload(1, 1);
        Cuda.ok(Cublas.cublasSaxpy_v2(blas, 2, two, x, 2, y, 1));
        assertArrayEquals(new float[] {7, 9}, Cuda.download(y, 2));
        Cuda.ok(Cublas.cublasSscal_v2(blas, 2, two, y, 1));
        assertArrayEquals(new float[] {14, 18}, Cuda.download(y, 2));
        MemorySegment result = arena.allocate(ValueLayout.JAVA_FLOAT);
        Cuda.ok(Cublas.cublasSdot_v2(blas, 2, x, 2, y, 1, result));
        assertEquals(3 * 14 + 4 * 18, result.get(ValueLayout.JAVA_FLOAT, 0));
        Cuda.ok(Cublas.cublasSnrm2_v2(blas, 4, x, 1, result));
        assertEquals(5, result.get(ValueLayout.JAVA_FLOAT, 0));
        Cuda.ok(Cublas.cublasSnrm2_v2(blas, 0, Cuda.NULL, 1, result));
        assertEquals(0, result.get(ValueLayout.JAVA_FLOAT, 0));
        Cuda.free(x, y);
    }

    @Test
    void scalarsAndResultsOnTheDevice() {
        Cuda.ok(Cublas.cublasSetPointerMode_v2(blas, DEVICE_POINTERS));
        assertEquals(DEVICE_POINTERS, Cuda.getInt(out -> Cublas.cublasGetPointerMode_v2(blas, out)));
        MemorySegment x = Cuda.upload(3, 4);
        MemorySegment factor = Cuda.upload(2);
        MemorySegment norm = Cuda.mallocFloats(1);
        Cuda.ok(Cublas.cublasSscal_v2(blas, 2, factor, x, 1));
        Cuda.ok(Cublas.cublasSnrm2_v2(blas, 2, x, 1, norm));
        assertEquals(10, Cuda.download(norm, 1)[0]);
        Cuda.free(x, factor, norm);
    }

    @Test
    void settingsReadBackEqual() {
        assertEquals(130101, Cuda.getInt(out -> Cublas.cublasGetVersion_v2(Cuda.NULL, out)));
        assertEquals(130101, CublasLt.cublasLtGetVersion());
        assertEquals("CUBLAS_STATUS_INVALID_VALUE", Cublas.cublasGetStatusName(7).getString(0));
        assertEquals("the library was not initialized", Cublas.cublasGetStatusString(1).getString(0));
        Cuda.ok(Cublas.cublasSetMathMode(blas, 3 | 16));
        assertEquals(19, Cuda.getInt(out -> Cublas.cublasGetMathMode(blas, out)));
        Cuda.ok(Cublas.cublasSetAtomicsMode(blas, 1));
        assertEquals(1, Cuda.getInt(out -> Cublas.cublasGetAtomicsMode(blas, out)));
        MemorySegment stream = Cuda.stream();
        Cuda.ok(Cublas.cublasSetStream_v2(blas, stream));
        assertEquals(stream.address(), Cuda.getLong(out -> Cublas.cublasGetStream_v2(blas, out)));
        Cuda.ok(Cublas.cublasSetStream_v2(blas, Cuda.NULL));
        Cuda.ok(dev.gatun.generated.cudart.Cudart.cudaStreamDestroy(stream));
    }
}
