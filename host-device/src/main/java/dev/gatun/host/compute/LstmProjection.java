package dev.gatun.host.compute;

import java.util.function.IntConsumer;

/**
 * The projection r = V h of one LSTM layer, [N][H] to [N][P] at each time step, and its way back. Used by one thread at a time,
 * which has {@linkplain WorkerPool#lock taken the cores}.
 */
final class LstmProjection {
    private static final int TILE = 512;
    private static final ThreadLocal<float[][]> TILES = ThreadLocal.withInitial(() -> new float[2][TILE]);

    private final IntConsumer addTask = this::addTask;

    private Lstm.Shape shape;
    private PackedProduct product;
    private long matrix;
    private long hiddenGradients;

    private int step;
    private long outputGradients;
    private long stateGradients;
    private long lastStateGradients;
    private long projectedGradients;

    /** Sets what all steps of a forward pass over a layer share. */
    void beginForward(Lstm.Shape shape, LstmSpace space, long matrix, long workspace) {
        begin(shape, space.packs() ? space.project() : null, space, matrix, workspace);
    }

    /** Sets what all steps of a backward pass over a layer share. */
    void beginBackward(Lstm.Shape shape, LstmSpace space, long matrix, long workspace) {
        begin(shape, space.packs() ? space.projectBack() : null, space, matrix, workspace);
        hiddenGradients = workspace + space.hiddenGradients();
    }

    private void begin(Lstm.Shape shape, PackedProduct product, LstmSpace space, long matrix, long workspace) {
        this.shape = shape;
        this.product = product;
        this.matrix = matrix;
        if (product != null) {
            product.pack(matrix, workspace + space.packedProjection());
        }
    }

    /** Writes {@code outputs} [N][P] for {@code hidden} [N][H]; zeros stay zeros, as behind a sequence's end. */
    void forward(long hidden, long outputs) {
        int p = shape.outputSize();
        int h = shape.hiddenSize();
        if (product != null) {
            product.multiply(hidden, outputs);
        } else {
            Gemm.multiply(false, true, shape.batch(), p, h, 1, hidden, h, matrix, h, 0, outputs, p);
        }
    }

    /**
     * Returns the gradients of the hidden vectors, [N][H].
     *
     * @param outputGradients [N][P]: from the layer above
     * @param stateGradients [N][P]: from the step after this one
     * @param lastStateGradients [N][P], or 0 for zeros: takes the place of {@code stateGradients} at a sequence's last step
     * @param projectedGradients [N][P], written: the sum of both; zeros behind a sequence's end
     */
    long backward(int step, long outputGradients, long stateGradients, long lastStateGradients, long projectedGradients) {
        this.step = step;
        this.outputGradients = outputGradients;
        this.stateGradients = stateGradients;
        this.lastStateGradients = lastStateGradients;
        this.projectedGradients = projectedGradients;
        WorkerPool.shared().parallel(shape.batch(), addTask);
        int p = shape.outputSize();
        int h = shape.hiddenSize();
        if (product != null) {
            product.multiply(projectedGradients, hiddenGradients);
        } else {
            Gemm.multiply(false, false, shape.batch(), h, p, 1, projectedGradients, p, matrix, h, 0, hiddenGradients, h);
        }
        return hiddenGradients;
    }

    private void addTask(int sequence) {
        int width = shape.outputSize();
        long row = (long) sequence * width * Memory.F;
        int length = shape.length(sequence);
        if (step >= length) {
            Memory.zeroFloats(projectedGradients + row, width);
            return;
        }
        long later = step == length - 1 ? lastStateGradients : stateGradients;
        float[] sum = TILES.get()[0];
        float[] other = TILES.get()[1];
        for (int first = 0; first < width; first += TILE) {
            int count = Math.min(TILE, width - first);
            long at = row + first * Memory.F;
            Memory.load(outputGradients + at, sum, count);
            if (later != 0) {
                Memory.load(later + at, other, count);
                for (int k = 0; k < count; k++) {
                    sum[k] += other[k];
                }
            }
            Memory.store(sum, count, projectedGradients + at);
        }
    }
}
