package dev.gatun.examples.library;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Event;
import dev.gatun.cuda.Graph;
import dev.gatun.cuda.Stream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Work captured once as a CUDA graph, replayed with one call each time, and timed on the device. */
public final class CapturedGraph {
    private static final int REPLAYS = 20;

    private CapturedGraph() {}

    /** Computes Fibonacci numbers by replaying a product; run it with {@code --enable-native-access=ALL-UNNAMED}. */
    public static void main(String[] arguments) {
        run(System.out);
    }

    static void run(PrintStream out) {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Blas blas = Blas.create(stream);
                DeviceBuffer matrix = DeviceBuffer.allocateFloats(4);
                DeviceBuffer pair = DeviceBuffer.allocateFloats(2);
                DeviceBuffer next = DeviceBuffer.allocateFloats(2);
                Event start = Event.createTiming(); Event end = Event.createTiming()) {
            // (F(i+2), F(i+1)) = (1 1; 1 0) · (F(i+1), F(i))
            matrix.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 1, 1, 0));
            Runnable step = () -> {
                blas.sgemm(false, false, 2, 1, 2, 1, matrix, 2, pair, 2, 0, next, 2);
                pair.copyFromAsync(next, stream);
            };

            // Once without a graph: a library may set itself up on first use, which cannot be captured.
            pair.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 0));
            step.run();
            stream.synchronize();

            // Captured, the step is recorded and not done. Its buffers are part of the graph, which they must outlive.
            pair.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 0));
            try (Graph graph = stream.capture(step)) {
                start.record(stream);
                for (int i = 0; i < REPLAYS; i++) {
                    graph.launch(stream);
                }
                end.record(stream);
                end.synchronize();
            }

            MemorySegment result = arena.allocate(ValueLayout.JAVA_FLOAT, 2);
            pair.copyTo(result);
            out.printf("F(%d) = %.0f%n", REPLAYS + 1, result.getAtIndex(ValueLayout.JAVA_FLOAT, 0));
            out.printf("%d replays took %.3f ms%n", REPLAYS, end.millisecondsSince(start));
        }
    }
}
