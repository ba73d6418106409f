package dev.gatun.cublas;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.DeviceInfo;
import dev.gatun.cuda.Stream;
import dev.gatun.device.Owner;
import dev.gatun.generated.cublas.Cublas;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A cuBLAS handle on one stream, with a workspace of its own so that its calls can be captured in a graph.
 *
 * <p>Matrices are column-major, as cuBLAS documents: a row-major matrix is the transposed column-major one. Numbers are 32-bit
 * floats multiplied in full precision (no TF32). Not thread-safe: one thread at a time.
 */
public final class Blas extends Owner {
    /** NVIDIA's recommendation: 32 MiB from compute capability 9 on, 4 MiB below. */
    private static final long WORKSPACE_HOPPER = 32L << 20;
    private static final long WORKSPACE = 4L << 20;

    private final MemorySegment handle;
    private final DeviceBuffer workspace;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment alpha = arena.allocate(ValueLayout.JAVA_FLOAT);
    private final MemorySegment beta = arena.allocate(ValueLayout.JAVA_FLOAT);

    private Blas(Stream stream, MemorySegment handle, DeviceBuffer workspace) {
        super(stream);
        this.handle = handle;
        this.workspace = workspace;
    }

    /**
     * Makes a handle that works on a stream.
     *
     * @throws CublasException if the library cannot start
     */
    public static Blas create(Stream stream) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pointer = arena.allocate(Cublas.C_POINTER);
            CublasException.check(Cublas.cublasCreate_v2(pointer), "cublasCreate_v2");
            Blas blas = new Blas(stream, pointer.get(Cublas.C_POINTER, 0),
                    DeviceBuffer.allocate(DeviceInfo.read().computeMajor() >= 9 ? WORKSPACE_HOPPER : WORKSPACE));
            try {
                CublasException.check(Cublas.cublasSetStream_v2(blas.handle, stream.handle()), "cublasSetStream_v2");
                // Setting the stream takes a user's workspace away, so it comes after.
                CublasException.check(Cublas.cublasSetWorkspace_v2(blas.handle, blas.workspace.pointer(), blas.workspace.byteSize()),
                        "cublasSetWorkspace_v2");
            } catch (CublasException e) {
                blas.close();
                throw e;
            }
            return blas;
        }
    }

    /** Returns the {@code cublasHandle_t} for the generated bindings. */
    public MemorySegment handle() {
        requireOpen();
        return handle;
    }

    /** Returns cuBLAS's version, for example 130101. */
    public int version() {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment version = call.allocate(Cublas.C_INT);
            CublasException.check(Cublas.cublasGetVersion_v2(handle(), version), "cublasGetVersion_v2");
            return version.get(Cublas.C_INT, 0);
        }
    }

    /**
     * Enqueues {@code C = alpha · op(A) · op(B) + beta · C} ({@code cublasSgemm_v2}); allocates nothing.
     *
     * @param transposeA whether op(A) is A transposed
     * @param transposeB whether op(B) is B transposed
     * @param m rows of op(A) and C
     * @param n columns of op(B) and C
     * @param k columns of op(A) and rows of op(B)
     * @param lda leading dimension of A as stored: at least its rows
     * @param beta 0 means that C is not read
     * @throws IndexOutOfBoundsException if a buffer is too short for its matrix
     * @throws CublasException if cuBLAS refuses, for example a leading dimension
     */
    public void sgemm(boolean transposeA, boolean transposeB, int m, int n, int k, float alpha, DeviceBuffer a, int lda,
            DeviceBuffer b, int ldb, float beta, DeviceBuffer c, int ldc) {
        requireMatrix("A", a, transposeA ? k : m, transposeA ? m : k, lda);
        requireMatrix("B", b, transposeB ? n : k, transposeB ? k : n, ldb);
        requireMatrix("C", c, m, n, ldc);
        this.alpha.set(ValueLayout.JAVA_FLOAT, 0, alpha);
        this.beta.set(ValueLayout.JAVA_FLOAT, 0, beta);
        int status = Cublas.cublasSgemm_v2(handle(), operation(transposeA), operation(transposeB), m, n, k, this.alpha, a.pointer(), lda,
                b.pointer(), ldb, this.beta, c.pointer(), ldc);
        if (status != 0) {
            throw new CublasException(status, "cublasSgemm_v2", "transposeA=" + transposeA + ", transposeB=" + transposeB + ", m=" + m
                    + ", n=" + n + ", k=" + k + ", lda=" + lda + ", ldb=" + ldb + ", ldc=" + ldc);
        }
    }

    private static int operation(boolean transpose) {
        return transpose ? Cublas.CUBLAS_OP_T() : Cublas.CUBLAS_OP_N();
    }

    private static void requireMatrix(String name, DeviceBuffer buffer, int rows, int columns, int leading) {
        if (rows > 0 && columns > 0 && Float.BYTES * ((columns - 1L) * leading + rows) > buffer.byteSize()) {
            throw new IndexOutOfBoundsException("cublasSgemm_v2: " + name + " is " + rows + " x " + columns + " with leading dimension "
                    + leading + ", which does not fit its buffer of " + buffer.byteSize() + " bytes");
        }
    }

    @Override
    protected void destroy() {
        CublasException.check(Cublas.cublasDestroy_v2(handle), "cublasDestroy_v2");
        workspace.close();
    }
}
