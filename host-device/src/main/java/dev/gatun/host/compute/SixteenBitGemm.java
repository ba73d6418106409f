package dev.gatun.host.compute;

/** Products of 16-bit matrices, in single precision. */
public final class SixteenBitGemm {
    private static final int A = 0;
    private static final int B = 1;
    private static final int C = 2;

    /** Used by whoever holds the worker pool. */
    private static final FloatScratch SCRATCH = new FloatScratch(3);

    private SixteenBitGemm() {}

    /**
     * As {@link Gemm#multiply}, with A and B of a 16-bit type; C is float32 or, where {@code roundC}, of that type and rounded once.
     */
    public static void multiply(SixteenBit type, boolean roundC, boolean transA, boolean transB, long m, long n, long k, float alpha,
            long a, long lda, long b, long ldb, float beta, long c, long ldc) {
        if (m == 0 || n == 0) {
            return;
        }
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            long wideA = wide(type, A, a, transA ? k : m, transA ? m : k, lda);
            long wideB = wide(type, B, b, transB ? n : k, transB ? k : n, ldb);
            long wideC = !roundC ? c : beta == 0 ? SCRATCH.array(C, extent(m, n, ldc)) : wide(type, C, c, m, n, ldc);
            Gemm.multiply(transA, transB, m, n, k, alpha, wideA, lda, wideB, ldb, beta, wideC, ldc);
            if (roundC && ldc == n) {
                type.round(wideC, c, m * n);
            } else if (roundC) {
                for (long row = 0; row < m; row++) {
                    type.round(wideC + row * ldc * Memory.F, c + row * ldc * SixteenBit.BYTES, n);
                }
            }
        } finally {
            pool.unlock();
        }
    }

    private static long wide(SixteenBit type, int number, long matrix, long rows, long columns, long leading) {
        long count = extent(rows, columns, leading);
        long floats = SCRATCH.array(number, count);
        type.widen(matrix, floats, count);
        return floats;
    }

    /** Returns how many elements there are from a matrix's first to its last. */
    private static long extent(long rows, long columns, long leading) {
        return rows == 0 || columns == 0 ? 0 : (rows - 1) * leading + columns;
    }
}
