package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.device.Device;
import dev.gatun.generated.cublas.Cublas;
import dev.gatun.generated.cudart.Cudart;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Mistakes with cuBLAS that checked mode names. */
class CublasViolationTest {
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

    private int sgemm(MemorySegment handle, int m, int lda, MemorySegment alpha, MemorySegment all) {
        return Cublas.cublasSgemm_v2(handle, 0, 0, m, 2, 2, alpha, all, lda, all, 2, zero, all, 2);
    }

    @Test
    void aMissingOrForeignHandle() {
        assertEquals(NOT_INITIALIZED, sgemm(Cuda.NULL, 2, 2, one, Cuda.NULL));
        assertTrue(Device.current().explainLastFailure().contains("handle is NULL"));
        MemorySegment event = Cuda.make(Cudart::cudaEventCreate);
        Cuda.refused(NOT_INITIALIZED, sgemm(event, 2, 2, one, Cuda.NULL), "handle is an event; expected a cuBLAS handle");
        Cuda.ok(Cudart.cudaEventDestroy(event));
        MemorySegment gone = Cuda.make(Cublas::cublasCreate_v2);
        Cuda.ok(Cublas.cublasDestroy_v2(gone));
        Cuda.refused(NOT_INITIALIZED, Cublas.cublasDestroy_v2(gone), "destroyed before");
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
        Cuda.refused(NOT_SUPPORTED, Cublas.cublasGemmEx(blas, 0, 0, 2, 2, 2, one, matrix, 3, 2, matrix, 3, 2, zero, matrix, 3, 2, 68, -1),
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
        MemorySegment matrix = Cuda.upload(new float[size * size]);
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

    @Test
    void scalarsOnTheOtherSideThanThePointerModeSays() {
        MemorySegment x = Cuda.upload(3, 4);
        MemorySegment factor = Cuda.upload(2);
        Cuda.refused(INVALID_VALUE, Cublas.cublasSscal_v2(blas, 2, factor, x, 1), "cublasSscal_v2", "alpha is a device pointer");
        Cuda.ok(Cublas.cublasSetPointerMode_v2(blas, DEVICE_POINTERS));
        Cuda.refused(MAPPING_ERROR, Cublas.cublasSscal_v2(blas, 2, one, x, 1), "cublasSscal_v2", "alpha", "host pointer");
        Cuda.free(x, factor);
    }

    @Test
    void anUnknownMathMode() {
        Cuda.refused(INVALID_VALUE, Cublas.cublasSetMathMode(blas, 4), "cublasSetMathMode", "mode is 4");
    }
}
