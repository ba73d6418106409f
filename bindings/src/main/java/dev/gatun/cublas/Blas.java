package dev.gatun.cublas;

import dev.gatun.cuda.DataType;
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
 * <p>Matrices are column-major, as cuBLAS documents: a row-major matrix is the transposed column-major one. Not thread-safe: one
 * thread at a time.
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
        MemorySegment pointer = result();
        CublasException.check(Cublas.cublasCreate_v2(pointer), "cublasCreate_v2");
        Blas blas = new Blas(stream, pointer.get(Cublas.C_POINTER, 0),
                DeviceBuffer.allocate(DeviceInfo.readComputeMajor() >= 9 ? WORKSPACE_HOPPER : WORKSPACE));
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

    /** Returns the {@code cublasHandle_t} for the generated bindings. */
    public MemorySegment handle() {
        requireOpen();
        return handle;
    }

    /** Returns cuBLAS's version, for example 130101. */
    public int version() {
        MemorySegment version = result();
        CublasException.check(Cublas.cublasGetVersion_v2(handle(), version), "cublasGetVersion_v2");
        return version.get(Cublas.C_INT, 0);
    }

    /**
     * Enqueues {@code C = alpha · op(A) · op(B) + beta · C} ({@code cublasSgemm_v2}) of 32-bit floats, multiplied in full precision
     * (no TF32); allocates nothing.
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
        requireMatrices("cublasSgemm_v2", DataType.FLOAT, DataType.FLOAT, transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc);
        this.alpha.set(ValueLayout.JAVA_FLOAT, 0, alpha);
        this.beta.set(ValueLayout.JAVA_FLOAT, 0, beta);
        int status = Cublas.cublasSgemm_v2(handle(), operation(transposeA), operation(transposeB), m, n, k, this.alpha, a.pointer(), lda,
                b.pointer(), ldb, this.beta, c.pointer(), ldc);
        if (status != 0) {
            throw new CublasException(status, "cublasSgemm_v2", arguments(transposeA, transposeB, m, n, k, lda, ldb, ldc));
        }
    }

    /**
     * Enqueues {@code C = alpha · op(A) · op(B) + beta · C} ({@code cublasGemmEx}), with sums in 32-bit floats; allocates nothing.
     *
     * @param inputs the type of A and B
     * @param output the type of C: that of A and B, or FLOAT
     * @param compute how products are made
     * @see #sgemm
     * @throws IndexOutOfBoundsException if a buffer is too short for its matrix
     * @throws CublasException if cuBLAS refuses, for example types that the GPU does not have
     */
    public void gemmEx(DataType inputs, DataType output, ComputeType compute, boolean transposeA, boolean transposeB, int m, int n, int k,
            float alpha, DeviceBuffer a, int lda, DeviceBuffer b, int ldb, float beta, DeviceBuffer c, int ldc) {
        this.alpha.set(ValueLayout.JAVA_FLOAT, 0, alpha);
        this.beta.set(ValueLayout.JAVA_FLOAT, 0, beta);
        gemmEx(inputs, output, compute, transposeA, transposeB, m, n, k, this.alpha, a, lda, b, ldb, this.beta, c, ldc);
    }

    /**
     * As the other {@code gemmEx}, with alpha and beta read from the device when the product is made
     * ({@code CUBLAS_POINTER_MODE_DEVICE}), so that a captured graph sees their present values.
     *
     * @param alpha float [1]; likewise {@code beta}
     */
    public void gemmEx(DataType inputs, DataType output, ComputeType compute, boolean transposeA, boolean transposeB, int m, int n, int k,
            DeviceBuffer alpha, DeviceBuffer a, int lda, DeviceBuffer b, int ldb, DeviceBuffer beta, DeviceBuffer c, int ldc) {
        requireScalar("alpha", alpha);
        requireScalar("beta", beta);
        CublasException.check(Cublas.cublasSetPointerMode_v2(handle(), Cublas.CUBLAS_POINTER_MODE_DEVICE()), "cublasSetPointerMode_v2");
        try {
            gemmEx(inputs, output, compute, transposeA, transposeB, m, n, k, alpha.pointer(), a, lda, b, ldb, beta.pointer(), c, ldc);
        } finally {
            CublasException.check(Cublas.cublasSetPointerMode_v2(handle(), Cublas.CUBLAS_POINTER_MODE_HOST()), "cublasSetPointerMode_v2");
        }
    }

    private void gemmEx(DataType inputs, DataType output, ComputeType compute, boolean transposeA, boolean transposeB, int m, int n, int k,
            MemorySegment alpha, DeviceBuffer a, int lda, DeviceBuffer b, int ldb, MemorySegment beta, DeviceBuffer c, int ldc) {
        requireMatrices("cublasGemmEx", inputs, output, transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc);
        int status = Cublas.cublasGemmEx(handle(), operation(transposeA), operation(transposeB), m, n, k, alpha, a.pointer(), value(inputs),
                lda, b.pointer(), value(inputs), ldb, beta, c.pointer(), value(output), ldc, compute.value(), Cublas.CUBLAS_GEMM_DEFAULT());
        if (status != 0) {
            throw new CublasException(status, "cublasGemmEx", "inputs=" + inputs + ", output=" + output + ", compute=" + compute + ", "
                    + arguments(transposeA, transposeB, m, n, k, lda, ldb, ldc));
        }
    }

    private static String arguments(boolean transposeA, boolean transposeB, int m, int n, int k, int lda, int ldb, int ldc) {
        return "transposeA=" + transposeA + ", transposeB=" + transposeB + ", m=" + m + ", n=" + n + ", k=" + k + ", lda=" + lda + ", ldb="
                + ldb + ", ldc=" + ldc;
    }

    private static int value(DataType type) {
        return switch (type) {
            case FLOAT -> Cublas.CUDA_R_32F();
            case HALF -> Cublas.CUDA_R_16F();
            case BFLOAT16 -> Cublas.CUDA_R_16BF();
        };
    }

    private static int operation(boolean transpose) {
        return transpose ? Cublas.CUBLAS_OP_T() : Cublas.CUBLAS_OP_N();
    }

    private static void requireScalar(String name, DeviceBuffer buffer) {
        if (buffer.byteSize() < Float.BYTES) {
            throw new IndexOutOfBoundsException("cublasGemmEx: " + name + " is a float, its buffer has " + buffer.byteSize() + " bytes");
        }
    }

    private static void requireMatrices(String function, DataType inputs, DataType output, boolean transposeA, boolean transposeB, int m,
            int n, int k, DeviceBuffer a, int lda, DeviceBuffer b, int ldb, DeviceBuffer c, int ldc) {
        requireMatrix(function, "A", inputs, a, transposeA ? k : m, transposeA ? m : k, lda);
        requireMatrix(function, "B", inputs, b, transposeB ? n : k, transposeB ? k : n, ldb);
        requireMatrix(function, "C", output, c, m, n, ldc);
    }

    private static void requireMatrix(String function, String name, DataType type, DeviceBuffer buffer, int rows, int columns,
            int leading) {
        if (rows > 0 && columns > 0 && type.byteSize() * ((columns - 1L) * leading + rows) > buffer.byteSize()) {
            throw new IndexOutOfBoundsException(function + ": " + name + " is " + rows + " x " + columns + " with leading dimension "
                    + leading + ", which does not fit its buffer of " + buffer.byteSize() + " bytes");
        }
    }

    @Override
    protected void destroy() {
        CublasException.check(Cublas.cublasDestroy_v2(handle), "cublasDestroy_v2");
        workspace.close();
    }
}
