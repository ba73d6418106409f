package dev.gatun.host.compute;

import dev.gatun.host.OneDnn;
import dev.gatun.host.generated.dnnl.Dnnl;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Products of single-precision matrices. */
public final class Gemm {
    /**
     * The generated class's signature with longs for pointers, which cost no segment object a call. Written out, because the class would
     * link the function itself if it were asked for it.
     */
    static final FunctionDescriptor SIGNATURE = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_BYTE, ValueLayout.JAVA_BYTE,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_FLOAT, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_FLOAT, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG);

    private static final MethodHandle SGEMM = Linker.nativeLinker().downcallHandle(OneDnn.find("dnnl_sgemm"), SIGNATURE);

    private Gemm() {}

    /**
     * Computes C = alpha op(A) op(B) + beta C, row-major, where op(X) is X or its transpose.
     *
     * @param m rows of op(A) and C
     * @param n columns of op(B) and C
     * @param k columns of op(A), rows of op(B); 0 leaves beta C
     * @param a address of A, [m][k] or, transposed, [k][m]
     * @param lda floats from one row of A to the next; likewise {@code ldb} and {@code ldc}
     * @param beta 0 means that C is not read, whatever it holds
     */
    public static void multiply(boolean transA, boolean transB, long m, long n, long k, float alpha, long a, long lda, long b, long ldb,
            float beta, long c, long ldc) {
        if (m == 0 || n == 0) {
            return;
        }
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            if (k == 0) {
                scale(m, n, beta, c, ldc);
                return;
            }
            boolean dense = !transA && transB && lda == k && ldb == k && ldc == n && alpha == 1;
            if (dense && PackedWeights.suits(m, n, k) && (beta == 0 || beta == 1)) {
                PackedWeights.multiply((int) m, (int) n, (int) k, a, b, beta == 1, c);
                return;
            }
            int status = sgemm((byte) (transA ? 'T' : 'N'), (byte) (transB ? 'T' : 'N'), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
            if (status != Dnnl.dnnl_success()) {
                throw new IllegalArgumentException("dnnl_sgemm: status " + status + " for m=" + m + " n=" + n + " k=" + k + " lda=" + lda
                        + " ldb=" + ldb + " ldc=" + ldc);
            }
        } finally {
            pool.unlock();
        }
    }

    private static int sgemm(byte transA, byte transB, long m, long n, long k, float alpha, long a, long lda, long b, long ldb, float beta,
            long c, long ldc) {
        try {
            return (int) SGEMM.invokeExact(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        } catch (Throwable t) {
            throw new AssertionError("a C function threw", t);
        }
    }

    private static void scale(long m, long n, float beta, long c, long ldc) {
        for (long row = 0; row < m; row++) {
            for (long column = 0; column < n; column++) {
                long address = c + (row * ldc + column) * Memory.F;
                Memory.putFloat(address, beta == 0 ? 0 : beta * Memory.getFloat(address));
            }
        }
    }
}
