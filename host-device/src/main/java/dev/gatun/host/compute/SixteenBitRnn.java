package dev.gatun.host.compute;

/**
 * An {@link Lstm} or a {@link Gru} on data, states, weights and gradients of a 16-bit type. Arguments are widened, the arithmetic is
 * that of single precision, and results are rounded once; the hidden state is rounded after each step of each layer, that of a
 * projected LSTM before and after its projection, and what dropout hands to the next layer is, for the products would read them from
 * 16-bit memory. Gates, cell states between steps and the gradients inside a backward pass stay float32.
 *
 * @param gru whether it is a GRU; its calls look at no cell state
 * @param weightCount elements of the dense weights
 */
public record SixteenBitRnn(SixteenBit type, boolean gru, Lstm.Shape shape, long weightCount) {
    private static final int X = 0;
    private static final int Y = 1;
    private static final int HX = 2;
    private static final int CX = 3;
    private static final int HY = 4;
    private static final int CY = 5;
    private static final int WEIGHTS = 6;
    private static final int DY = 7;
    private static final int DHY = 8;
    private static final int DCY = 9;

    /** Used by whoever holds the worker pool. */
    private static final FloatScratch SCRATCH = new FloatScratch(10);

    /** As {@link Lstm#forward}. */
    public void forward(boolean training, long x, long y, long hx, long cx, long hy, long cy, long weights, long workspace, long reserve,
            Lstm.Dropout dropout) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            long wideX = wide(X, x, inputs());
            long wideY = room(Y, y, outputs());
            long wideHx = wide(HX, hx, states());
            long wideHy = room(HY, hy, states());
            long wideWeights = wide(WEIGHTS, weights, weightCount);
            if (gru) {
                Gru.forward(shape, training, wideX, wideY, wideHx, wideHy, wideWeights, workspace, reserve, dropout, type);
            } else {
                long wideCy = room(CY, cy, cells());
                Lstm.forward(shape, training, wideX, wideY, wideHx, wide(CX, cx, cells()), wideHy, wideCy, wideWeights, workspace, reserve,
                        dropout, type);
                round(wideCy, cy, cells());
            }
            round(wideY, y, outputs());
            round(wideHy, hy, states());
        } finally {
            pool.unlock();
        }
    }

    /** As {@link Lstm#backwardData}. */
    public void backwardData(long y, long dy, long dx, long hx, long cx, long dhy, long dcy, long dhx, long dcx, long weights,
            long workspace, long reserve, Lstm.Dropout dropout) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            long wideY = wide(Y, y, outputs());
            long wideDy = wide(DY, dy, outputs());
            long wideDx = room(X, dx, inputs());
            long wideHx = wide(HX, hx, states());
            long wideDhy = wide(DHY, dhy, states());
            long wideDhx = room(HY, dhx, states());
            long wideWeights = wide(WEIGHTS, weights, weightCount);
            if (gru) {
                Gru.backwardData(shape, wideY, wideDy, wideDx, wideHx, wideDhy, wideDhx, wideWeights, workspace, reserve, dropout);
            } else {
                long wideDcx = room(CY, dcx, cells());
                Lstm.backwardData(shape, wideY, wideDy, wideDx, wideHx, wide(CX, cx, cells()), wideDhy, wide(DCY, dcy, cells()), wideDhx,
                        wideDcx, wideWeights, workspace, reserve, dropout);
                round(wideDcx, dcx, cells());
            }
            round(wideDx, dx, inputs());
            round(wideDhx, dhx, states());
        } finally {
            pool.unlock();
        }
    }

    /** As {@link Lstm#backwardWeights}; what the gradient holds is widened, added to in single precision, and rounded. */
    public void backwardWeights(long x, long hx, long y, long dweights, long workspace, long reserve) {
        WorkerPool pool = WorkerPool.shared();
        pool.lock();
        try {
            long wideX = wide(X, x, inputs());
            long wideHx = wide(HX, hx, states());
            long wideY = wide(Y, y, outputs());
            long wideDweights = wide(WEIGHTS, dweights, weightCount);
            if (gru) {
                Gru.backwardWeights(shape, wideX, wideHx, wideY, wideDweights, workspace, reserve);
            } else {
                Lstm.backwardWeights(shape, wideX, wideHx, wideY, wideDweights, workspace, reserve);
            }
            round(wideDweights, dweights, weightCount);
        } finally {
            pool.unlock();
        }
    }

    private long inputs() {
        return shape.rows() * shape.inputSize();
    }

    private long outputs() {
        return shape.rows() * shape.outputSize();
    }

    private long states() {
        return (long) shape.layers() * shape.batch() * shape.outputSize();
    }

    private long cells() {
        return (long) shape.layers() * shape.batch() * shape.hiddenSize();
    }

    /** Returns room for what is to be rounded to {@code bits}, or 0 if that is. */
    private static long room(int number, long bits, long count) {
        return bits == 0 ? 0 : SCRATCH.array(number, count);
    }

    private long wide(int number, long bits, long count) {
        long floats = room(number, bits, count);
        if (bits != 0) {
            type.widen(bits, floats, count);
        }
        return floats;
    }

    private void round(long floats, long bits, long count) {
        if (bits != 0) {
            type.round(floats, bits, count);
        }
    }
}
