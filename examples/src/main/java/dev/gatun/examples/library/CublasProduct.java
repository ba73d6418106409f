package dev.gatun.examples.library;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A matrix product with cuBLAS. */
public final class CublasProduct {
    private CublasProduct() {}

    /** Prints the product; run it with {@code --enable-native-access=ALL-UNNAMED}. */
    public static void main(String[] arguments) {
        run(System.out);
    }

    static void run(PrintStream out) {
        int m = 2;
        int n = 2;
        int k = 3;
        // Every owner is closed by the try block: device memory and handles are not garbage-collected.
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Blas blas = Blas.create(stream);
                DeviceBuffer a = DeviceBuffer.allocateFloats(m * k);
                DeviceBuffer b = DeviceBuffer.allocateFloats(k * n);
                DeviceBuffer c = DeviceBuffer.allocateFloats(m * n)) {
            // Column-major, as everywhere in cuBLAS: each line here is a column.
            a.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT,
                    1, 2,
                    3, 4,
                    5, 6));
            b.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT,
                    1, 0, 1,
                    0, 10, 0));

            // C = 1 · A · B + 0 · C, enqueued on the stream. A leading dimension is the distance of two columns.
            blas.sgemm(false, false, m, n, k, 1, a, m, b, k, 0, c, m);
            stream.synchronize();

            MemorySegment product = arena.allocate(ValueLayout.JAVA_FLOAT, m * n);
            c.copyTo(product);
            for (int row = 0; row < m; row++) {
                out.println(product.getAtIndex(ValueLayout.JAVA_FLOAT, row) + " " + product.getAtIndex(ValueLayout.JAVA_FLOAT, row + m));
            }
        }
    }
}
