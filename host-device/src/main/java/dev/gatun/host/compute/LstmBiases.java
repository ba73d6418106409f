package dev.gatun.host.compute;

import java.util.Arrays;
import java.util.function.IntConsumer;

/** The bias vectors of a layer, of which an LSTM's two act by their sum alone, and their gradient. */
final class LstmBiases {
    private static final int TILE = 512;
    private static final ThreadLocal<float[][]> TILES = ThreadLocal.withInitial(() -> new float[2][TILE]);

    private final IntConsumer columnSums = this::columnSums;

    private long matrix;
    private long rows;
    private int columns;
    private long biases;
    private int vectors;

    /** Writes b[0..count) + b[count..2 count) to {@code sum}. */
    void sum(long biases, long sum, int count) {
        float[][] tiles = TILES.get();
        for (int first = 0; first < count; first += TILE) {
            int length = Math.min(TILE, count - first);
            long at = first * Memory.F;
            Memory.load(biases + at, tiles[0], length);
            Memory.load(biases + count * Memory.F + at, tiles[1], length);
            add(tiles[0], tiles[1], length);
            Memory.store(tiles[0], length, sum + at);
        }
    }

    /** Adds the sums over the rows of {@code matrix} [rows][columns] to each of so many vectors [columns] at {@code biases}. */
    void addColumnSums(long matrix, long rows, int columns, long biases, int vectors) {
        this.matrix = matrix;
        this.rows = rows;
        this.columns = columns;
        this.biases = biases;
        this.vectors = vectors;
        WorkerPool.shared().parallel((columns + TILE - 1) / TILE, columnSums);
    }

    private void columnSums(int task) {
        float[] sum = TILES.get()[0];
        float[] row = TILES.get()[1];
        int length = Math.min(TILE, columns - task * TILE);
        long at = (long) task * TILE * Memory.F;
        Arrays.fill(sum, 0, length, 0);
        for (long r = 0; r < rows; r++) {
            Memory.load(matrix + r * columns * Memory.F + at, row, length);
            add(sum, row, length);
        }
        for (int vector = 0; vector < vectors; vector++) {
            long bias = biases + vector * columns * Memory.F + at;
            Memory.load(bias, row, length);
            add(row, sum, length);
            Memory.store(row, length, bias);
        }
    }

    private static void add(float[] to, float[] from, int count) {
        for (int k = 0; k < count; k++) {
            to[k] += from[k];
        }
    }
}
