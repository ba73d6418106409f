package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.device.Device;
import dev.gatun.generated.cublas.Cublas;
import dev.gatun.generated.cublaslt.CublasLt;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CublasTest {
    private static final int NOT_INITIALIZED = 1;
    private static final int INVALID_VALUE = 7;
    private static final int MAPPING_ERROR = 11;
    private static final int NOT_SUPPORTED = 15;
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
        Cuda.refused(MAPPING_ERROR, Cublas.cublasSscal_v2(blas, 2, one, x, 1), "cublasSscal_v2", "alpha", "host pointer");
        Cuda.ok(Cublas.cublasSetPointerMode_v2(blas, 0));
        Cuda.refused(INVALID_VALUE, Cublas.cublasSscal_v2(blas, 2, factor, x, 1), "cublasSscal_v2", "alpha is a device pointer");
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
        Cuda.refused(INVALID_VALUE, Cublas.cublasSetMathMode(blas, 4), "cublasSetMathMode");
        Cuda.ok(Cublas.cublasSetAtomicsMode(blas, 1));
        assertEquals(1, Cuda.getInt(out -> Cublas.cublasGetAtomicsMode(blas, out)));
        MemorySegment stream = Cuda.stream();
        Cuda.ok(Cublas.cublasSetStream_v2(blas, stream));
        assertEquals(stream.address(), Cuda.getLong(out -> Cublas.cublasGetStream_v2(blas, out)));
        Cuda.ok(Cublas.cublasSetStream_v2(blas, Cuda.NULL));
        Cuda.ok(dev.gatun.generated.cudart.Cudart.cudaStreamDestroy(stream));
    }

    @Test
    void aMissingOrForeignHandle() {
        assertEquals(NOT_INITIALIZED, sgemm(Cuda.NULL, 2, 2, one, Cuda.NULL));
        assertTrue(Device.current().explainLastFailure().contains("handle is NULL"));
        MemorySegment event = Cuda.make(dev.gatun.generated.cudart.Cudart::cudaEventCreate);
        Cuda.refused(NOT_INITIALIZED, sgemm(event, 2, 2, one, Cuda.NULL), "handle is an event; expected a cuBLAS handle");
        Cuda.ok(dev.gatun.generated.cudart.Cudart.cudaEventDestroy(event));
        MemorySegment gone = Cuda.make(Cublas::cublasCreate_v2);
        Cuda.ok(Cublas.cublasDestroy_v2(gone));
        Cuda.refused(NOT_INITIALIZED, Cublas.cublasDestroy_v2(gone), "destroyed before");
    }

    private int sgemm(MemorySegment handle, int m, int lda, MemorySegment alpha, MemorySegment all) {
        return Cublas.cublasSgemm_v2(handle, 0, 0, m, 2, 2, alpha, all, lda, all, 2, zero, all, 2);
    }

    @Test
    void productsOfSizesThatDoNotFit() {
        MemorySegment matrix = Cuda.upload(1, 2, 3, 4);
        Cuda.refused(INVALID_VALUE, sgemm(blas, -1, 2, one, matrix), "cublasSgemm_v2", "m=-1");
        Cuda.refused(INVALID_VALUE, sgemm(blas, 2, 1, one, matrix), "cublasSgemm_v2", "lda=1", "leading dimension");
        Cuda.refused(INVALID_VALUE, sgemm(blas, 2, 2, Cuda.NULL, matrix), "cublasSgemm_v2", "alpha is NULL");
        Cuda.refused(MAPPING_ERROR, sgemm(blas, 2, 3, one, matrix), "cublasSgemm_v2", "A needs 20 bytes");
        Cuda.refused(INVALID_VALUE, Cublas.cublasSgemm_v2(blas, 3, 0, 2, 2, 2, one, matrix, 2, matrix, 2, zero, matrix, 2), "transa is 3");
        Cuda.refused(MAPPING_ERROR, sgemm(blas, 2, 2, one, arena.allocate(16)), "cublasSgemm_v2", "host pointer");
        Cuda.refused(NOT_SUPPORTED, Cublas.cublasGemmEx(blas, 0, 0, 2, 2, 2, one, matrix, 2, 2, matrix, 2, 2, zero, matrix, 2, 2, 68, -1),
                "cublasGemmEx", "CUDA_R_32F");
        Cuda.refused(NOT_SUPPORTED, Cublas.cublasDgemm_v2(blas, 0, 0, 2, 2, 2, one, matrix, 2, matrix, 2, zero, matrix, 2),
                "cublasDgemm_v2");
        Cuda.refused(INVALID_VALUE, Cublas.cublasSscal_v2(blas, 2, one, matrix, 0), "incx is 0");
        Cuda.free(matrix);
    }

    @Test
    void aWorkspaceThatIsMisalignedOrGone() {
        MemorySegment workspace = Cuda.malloc(1024);
        MemorySegment matrix = Cuda.upload(1, 2, 3, 4);
        Cuda.refused(INVALID_VALUE, Cublas.cublasSetWorkspace_v2(blas, Cuda.plus(workspace, 16), 512), "cublasSetWorkspace_v2", "256");
        Cuda.refused(MAPPING_ERROR, Cublas.cublasSetWorkspace_v2(blas, workspace, 2048), "cublasSetWorkspace_v2", "workspace needs 2048");
        Cuda.ok(Cublas.cublasSetWorkspace_v2(blas, workspace, 1024));
        Cuda.free(workspace);
        Cuda.refused(MAPPING_ERROR, sgemm(blas, 2, 2, one, matrix), "cublasSgemm_v2", "workspace", "freed before");
        // As cuBLAS documents, a change of stream takes the workspace away.
        Cuda.ok(Cublas.cublasSetStream_v2(blas, Cuda.NULL));
        Cuda.ok(sgemm(blas, 2, 2, one, matrix));
        Cuda.free(matrix);
    }

    @Test
    void aHandleUsedFromTwoThreadsAtOnce() throws InterruptedException {
        int size = 256;
        MemorySegment matrix = Cuda.upload(random(1, size * size));
        Thread worker = Thread.ofPlatform().name("worker").start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                Cublas.cublasSgemm_v2(blas, 0, 0, size, size, size, one, matrix, size, matrix, size, zero, matrix, size);
            }
        });
        String explanation = "";
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!explanation.contains("worker") && System.nanoTime() < deadline) {
            if (Cublas.cublasSetMathMode(blas, 0) != 0) {
                explanation = Device.current().explainLastFailure();
            }
        }
        worker.interrupt();
        worker.join();
        assertTrue(explanation.contains("cublasSetMathMode: the handle is in use by thread 'worker'"), explanation);
        Cuda.free(matrix);
    }
}
