package consumer;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import dev.gatun.device.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Multiplies two small matrices with cuBLAS. */
public final class Product {
    private Product() {}

    public static void main(String[] arguments) {
        for (float value : multiply()) {
            System.out.println(value);
        }
    }

    /** Returns (1 3 5; 2 4 6) · (1 0; 0 10; 1 0), column by column. */
    static float[] multiply() {
        Device.choose(Device.Choice.HOST);
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Blas blas = Blas.create(stream);
                DeviceBuffer a = DeviceBuffer.allocateFloats(6); DeviceBuffer b = DeviceBuffer.allocateFloats(6);
                DeviceBuffer c = DeviceBuffer.allocateFloats(4)) {
            a.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4, 5, 6));
            b.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 0, 1, 0, 10, 0));
            blas.sgemm(false, false, 2, 2, 3, 1, a, 2, b, 3, 0, c, 2);
            stream.synchronize();
            MemorySegment product = arena.allocate(4 * Float.BYTES);
            c.copyTo(product);
            return product.toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
