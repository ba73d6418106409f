package dev.gatun.examples.doctor;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceBuffer;
import java.util.ArrayList;
import java.util.List;

/** Checks of cuBLAS: column-major products of odd sizes, with gaps between the columns. */
final class BlasChecks {
    private static final int[][] SIZES = {{1, 1, 1}, {37, 29, 53}, {3, 131, 67}, {130, 5, 259}}; // m, n, k
    private static final int GAP = 3;
    private static final float ALPHA = 1.25f;
    private static final float BETA = -0.5f;

    private BlasChecks() {}

    static List<Check> all() {
        List<Check> checks = new ArrayList<>();
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                String name = "cublasSgemm " + (transposeA ? "Aᵀ" : "A") + "·" + (transposeB ? "Bᵀ" : "B");
                checks.add(new Check(name, SIZES.length + " shapes, odd sizes, with gaps", Check.FLOAT32, comparer -> {
                    for (int[] size : SIZES) {
                        product(transposeA, transposeB, size[0], size[1], size[2], comparer);
                    }
                }));
            }
        }
        return checks;
    }

    private static void product(boolean transposeA, boolean transposeB, int m, int n, int k, Check.Comparer comparer) {
        int lda = (transposeA ? k : m) + GAP;
        int ldb = (transposeB ? n : k) + GAP;
        int ldc = m + GAP;
        try (Scratch scratch = new Scratch()) {
            double[] a = scratch.uniform(lda * (transposeA ? m : k), 1);
            double[] b = scratch.uniform(ldb * (transposeB ? k : n), 1);
            double[] c = scratch.uniform(ldc * n, 1);
            DeviceBuffer result = scratch.upload(c);
            Blas blas = scratch.own(Blas.create(scratch.stream));
            blas.sgemm(transposeA, transposeB, m, n, k, ALPHA, scratch.upload(a), lda, scratch.upload(b), ldb, BETA, result, ldc);
            for (int column = 0; column < n; column++) {
                for (int row = 0; row < m; row++) {
                    double sum = 0;
                    for (int i = 0; i < k; i++) {
                        sum += a[transposeA ? row * lda + i : i * lda + row] * b[transposeB ? i * ldb + column : column * ldb + i];
                    }
                    c[column * ldc + row] = ALPHA * sum + BETA * c[column * ldc + row];
                }
            }
            comparer.compare("C of m " + m + ", n " + n + ", k " + k, c, scratch.read(result));
        }
    }
}
