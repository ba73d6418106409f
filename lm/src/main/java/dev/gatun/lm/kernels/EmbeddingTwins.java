package dev.gatun.lm.kernels;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Twins of embedding_gather, embedding_gradient and embedding_gradient_add. */
final class EmbeddingTwins {
    private static final int TOKENS_A_TASK = 64;
    private static final int COLUMNS_A_TASK = 128;

    private EmbeddingTwins() {}

    /** out[tokens][dim] = table[vocab][dim] at ids[tokens], zeros for an id outside [0, vocab). */
    static void gather(KernelLaunch launch) {
        launch.parallel(Math.ceilDiv(launch.intAt(3), TOKENS_A_TASK), EmbeddingTwins::gatherTask);
    }

    private static void gatherTask(KernelLaunch launch, int task) {
        int tokens = launch.intAt(3);
        int dim = launch.intAt(4);
        int vocab = launch.intAt(5);
        MemorySegment out = launch.memoryAt(0, (long) tokens * dim * Float.BYTES);
        MemorySegment table = launch.memoryAt(1, (long) vocab * dim * Float.BYTES);
        MemorySegment ids = launch.memoryAt(2, (long) tokens * Integer.BYTES);
        long rowBytes = (long) dim * Float.BYTES;
        int end = Math.min(tokens, (task + 1) * TOKENS_A_TASK);
        for (int token = task * TOKENS_A_TASK; token < end; token++) {
            int id = ids.getAtIndex(ValueLayout.JAVA_INT, token);
            if (id >= 0 && id < vocab) {
                MemorySegment.copy(table, id * rowBytes, out, token * rowBytes, rowBytes);
            } else {
                out.asSlice(token * rowBytes, rowBytes).fill((byte) 0);
            }
        }
    }

    /**
     * grad[vocab][dim] at ids[tokens] = the sums of dout[tokens][dim] over equal ids, in token order; rows of other words stay.
     * A task takes a range of columns, for rows may belong to several tokens.
     */
    static void gradient(KernelLaunch launch) {
        launch.parallel(Math.ceilDiv(launch.intAt(4), COLUMNS_A_TASK), EmbeddingTwins::gradientTask);
    }

    /** Adds the rows of dout[tokens][dim] to those of grad[vocab][dim] at ids[tokens], in token order. */
    static void gradientAdd(KernelLaunch launch) {
        launch.parallel(Math.ceilDiv(launch.intAt(4), COLUMNS_A_TASK), EmbeddingTwins::gradientAddTask);
    }

    private static void gradientTask(KernelLaunch launch, int task) {
        gradient(launch, task, false);
    }

    private static void gradientAddTask(KernelLaunch launch, int task) {
        gradient(launch, task, true);
    }

    private static void gradient(KernelLaunch launch, int task, boolean adds) {
        int tokens = launch.intAt(3);
        int dim = launch.intAt(4);
        int vocab = launch.intAt(5);
        MemorySegment grad = launch.memoryAt(0, (long) vocab * dim * Float.BYTES);
        MemorySegment dout = launch.memoryAt(1, (long) tokens * dim * Float.BYTES);
        MemorySegment ids = launch.memoryAt(2, (long) tokens * Integer.BYTES);
        int column = task * COLUMNS_A_TASK;
        int columns = Math.min(COLUMNS_A_TASK, dim - column);
        Tiles tiles = Tiles.ofThread();
        Arrays.fill(tiles.a, 0, columns, 0);
        for (int token = 0; !adds && token < tokens; token++) {
            int id = ids.getAtIndex(ValueLayout.JAVA_INT, token);
            if (id >= 0 && id < vocab) {
                Tiles.store(tiles.a, grad, (long) id * dim + column, columns);
            }
        }
        for (int token = 0; token < tokens; token++) {
            int id = ids.getAtIndex(ValueLayout.JAVA_INT, token);
            if (id >= 0 && id < vocab) {
                long row = (long) id * dim + column;
                Tiles.load(grad, row, tiles.a, columns);
                Tiles.load(dout, (long) token * dim + column, tiles.b, columns);
                add(tiles.a, tiles.b, columns);
                Tiles.store(tiles.a, grad, row, columns);
            }
        }
    }

    private static void add(float[] sum, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            sum[i] += x[i];
        }
    }
}
