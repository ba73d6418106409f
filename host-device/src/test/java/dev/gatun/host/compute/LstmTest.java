package dev.gatun.host.compute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Lstm}, with and without a projection, and {@link Gru}: what holds for one holds for the others. */
class LstmTest {
    /**
     * Relative error of a whole vector. Single precision rounds by 6e-8, and the gates' nonlinearities are within 3.5e-7
     * absolutely; both are random from element to element and step to step, and pass through weights of norm about 1, so
     * that the errors of tens of steps add up to some 1e-6 (measured: up to 1.3e-6 over the shapes here).
     */
    private static final double TOLERANCE = 3e-6;

    private enum Cell { LSTM, GRU }

    static Arguments[] shapes() {
        return new Arguments[] {
            shape(1, 1, 1, 1, 1),
            shape(1, 1, 7, 5, 1),
            shape(1, 1, 40, 640, 2),
            shape(5, 3, 7, 33, 1),
            shape(4, 20, 16, 64, 2),
            shape(7, 2, 19, 17, 3),
            shape(30, 20, 24, 96, 1),
            shape(3, 2, 9, 520, 1),
            shape(6, 4, 10, 24, 1, 6, 1, 0, 4),
            shape(5, 3, 8, 48, 3, 2, 5, 3),
            shape(2, 2, 8, 8, 2, 0, 0),
            shape(3, 2, 6, 10, 8),
            projected(1, 1, 7, 5, 1, 1),
            projected(1, 1, 40, 640, 300, 2),
            projected(5, 3, 7, 33, 32, 1),
            projected(4, 20, 16, 64, 24, 2),
            projected(7, 2, 19, 17, 5, 3),
            projected(3, 2, 9, 600, 520, 1),
            projected(3, 2, 6, 10, 3, 8),
            projected(6, 4, 10, 24, 8, 1, 6, 1, 0, 4),
            projected(5, 3, 8, 48, 20, 3, 2, 5, 3),
            gru(1, 1, 1, 9, 1),
            gru(1, 1, 7, 5, 1),
            gru(1, 1, 40, 640, 2),
            gru(5, 3, 7, 33, 1),
            gru(4, 20, 16, 64, 2),
            gru(7, 2, 19, 17, 3),
            gru(30, 20, 24, 96, 1),
            gru(3, 2, 9, 520, 1),
            gru(3, 2, 6, 10, 8),
            gru(6, 4, 10, 24, 1, 6, 1, 0, 4),
            gru(5, 3, 8, 48, 3, 2, 5, 3),
            gru(2, 2, 8, 8, 2, 0, 0),
        };
    }

    private static Arguments shape(int steps, int batch, int input, int hidden, int layers, int... lengths) {
        return projected(steps, batch, input, hidden, hidden, layers, lengths);
    }

    private static Arguments projected(int steps, int batch, int input, int hidden, int output, int layers, int... lengths) {
        return Arguments.of(Cell.LSTM, new Lstm.Shape(steps, batch, input, hidden, output, layers, lengths.length == 0 ? null : lengths));
    }

    private static Arguments gru(int steps, int batch, int input, int hidden, int layers, int... lengths) {
        return Arguments.of(Cell.GRU, new Lstm.Shape(steps, batch, input, hidden, layers, lengths.length == 0 ? null : lengths));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void agreesWithAPlainDoublePrecisionNetwork(Cell cell, Lstm.Shape shape) {
        try (Arena arena = Arena.ofConfined()) {
            assertAgrees(new Run(arena, cell, shape, true));
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void nullStatesAreZerosAndNullResultsAreNotWritten(Cell cell, Lstm.Shape shape) {
        try (Arena arena = Arena.ofConfined()) {
            assertAgrees(new Run(arena, cell, shape, false));
        }
    }

    private static void assertAgrees(Run run) {
        Lstm.Shape s = run.shape;
        ReferenceRnn reference = run.reference();
        run.forward(null);
        assertClose("y", Native.read(run.y, s.rows() * s.outputSize()), reference.y);
        run.backward(null);
        assertClose("dx", Native.read(run.dx, s.rows() * s.inputSize()), reference.dx);
        double[] dweights = Native.read(run.dweights, run.weightCount);
        for (int k = 0; k < dweights.length; k++) {
            dweights[k] -= Run.WEIGHT_GRADIENT_BEFORE;
        }
        assertClose("dweights", dweights, reference.dweights);
        if (run.hy != 0) {
            assertClose("hy", Native.read(run.hy, run.states), reference.hy);
            assertClose("dhx", Native.read(run.dhx, run.states), reference.dhx);
        }
        if (run.cy != 0) {
            assertClose("cy", Native.read(run.cy, run.cells), reference.cy);
            assertClose("dcx", Native.read(run.dcx, run.cells), reference.dcx);
        }
    }

    private static void assertClose(String what, double[] actual, double[] expected) {
        double error = Native.relativeError(actual, expected);
        assertTrue(error < TOLERANCE, () -> what + ": relative error " + error);
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void inferenceGivesTheOutputsOfTraining(Cell cell, Lstm.Shape shape) {
        try (Arena arena = Arena.ofConfined()) {
            Run run = new Run(arena, cell, shape, true);
            run.forward(null);
            double[] training = Native.read(run.y, shape.rows() * shape.outputSize());
            Lstm.Dropout unused = new Lstm.Dropout(0.5f, 1, 0);
            if (cell == Cell.GRU) {
                long workspace = Native.unwritten(arena, Gru.workspaceBytes(shape, false) / Memory.F);
                Gru.forward(shape, false, run.x, run.y, run.hx, run.hy, run.weights, workspace, 0, unused);
            } else {
                long workspace = Native.unwritten(arena, Lstm.workspaceBytes(shape, false) / Memory.F);
                Lstm.forward(shape, false, run.x, run.y, run.hx, run.cx, run.hy, run.cy, run.weights, workspace, 0, unused);
            }
            assertArrayEquals(training, Native.read(run.y, shape.rows() * shape.outputSize()));
        }
    }

    /** Large enough for several workers. */
    static Arguments[] largeShapes() {
        return new Arguments[] {shape(12, 20, 64, 256, 2), projected(12, 20, 64, 256, 96, 2), gru(12, 20, 64, 256, 2)};
    }

    @ParameterizedTest
    @MethodSource("largeShapes")
    void theSameInputsGiveTheSameBits(Cell cell, Lstm.Shape shape) {
        try (Arena arena = Arena.ofConfined()) {
            Lstm.Dropout dropout = new Lstm.Dropout(0.3f, 5, 9);
            Run run = new Run(arena, cell, shape, true);
            run.forward(dropout);
            run.backward(dropout);
            double[] first = Native.read(run.dweights, run.weightCount);
            for (int repetition = 0; repetition < 5; repetition++) {
                Run again = new Run(arena, cell, shape, true);
                again.forward(dropout);
                again.backward(dropout);
                assertArrayEquals(first, Native.read(again.dweights, run.weightCount));
            }
        }
    }

    static Arguments[] raggedShapes() {
        int[] lengths = {4, 2, 3, 4, 1};
        return new Arguments[] {shape(4, 5, 12, 40, 3, lengths), projected(4, 5, 12, 40, 16, 3, lengths), gru(4, 5, 12, 40, 3, lengths)};
    }

    /** With dropout there is no reference: what is known is that the gradients are those of what the forward pass computed. */
    @ParameterizedTest
    @MethodSource("raggedShapes")
    void gradientsAreTheSlopesOfALossWithDropout(Cell cell, Lstm.Shape shape) {
        try (Arena arena = Arena.ofConfined()) {
            Lstm.Dropout dropout = new Lstm.Dropout(0.4f, 77, 3);
            Run run = new Run(arena, cell, shape, true);
            run.forward(dropout);
            run.backward(dropout);
            assertSlope(run, dropout, run.x, run.dx, shape.rows() * shape.inputSize(), 0);
            assertSlope(run, dropout, run.weights, run.dweights, run.weightCount, Run.WEIGHT_GRADIENT_BEFORE);
            assertSlope(run, dropout, run.hx, run.dhx, run.states, 0);
            if (cell == Cell.LSTM) {
                assertSlope(run, dropout, run.cx, run.dcx, run.cells, 0);
            }
        }
    }

    private static void assertSlope(Run run, Lstm.Dropout dropout, long values, long gradient, long count, double gradientBefore) {
        double[] direction = new double[Math.toIntExact(count)];
        double[] slopes = Native.read(gradient, count);
        double[] original = Native.read(values, count);
        SplittableRandom random = new SplittableRandom(4);
        double expected = 0;
        for (int k = 0; k < direction.length; k++) {
            // Along the gradient's signs, so that the contributions add up instead of drowning in rounding.
            direction[k] = Math.signum(slopes[k] - gradientBefore) * random.nextDouble(0.5, 1);
            expected += direction[k] * (slopes[k] - gradientBefore);
        }
        // The error of a central difference is of the order of the step squared (1e-6, relatively), that of rounding the
        // loss 1e-6 divided by the step: 1e-3.
        double step = 1e-3;
        double ahead = lossAt(run, dropout, values, original, direction, step);
        double behind = lossAt(run, dropout, values, original, direction, -step);
        run.write(values, original, direction, 0);
        assertEquals(1, (ahead - behind) / (2 * step) / expected, 3e-3);
    }

    private static double lossAt(Run run, Lstm.Dropout dropout, long values, double[] original, double[] direction, double step) {
        run.write(values, original, direction, step);
        run.forward(dropout);
        Lstm.Shape s = run.shape;
        return dot(Native.read(run.y, s.rows() * s.outputSize()), run.finite(run.dy, s.outputSize()))
                + dot(Native.read(run.hy, run.states), Native.read(run.dhy, run.states))
                + dot(Native.read(run.cy, run.cells), Native.read(run.dcy, run.cells));
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int k = 0; k < a.length; k++) {
            sum += a[k] * b[k];
        }
        return sum;
    }

    @ParameterizedTest
    @EnumSource(Cell.class)
    void dropoutActsBetweenLayersOnly(Cell cell) {
        try (Arena arena = Arena.ofConfined()) {
            Lstm.Shape shape = new Lstm.Shape(3, 2, 4, 8, 1, null);
            Run run = new Run(arena, cell, shape, true);
            run.forward(null);
            double[] without = Native.read(run.y, shape.rows() * shape.hiddenSize());
            run.forward(new Lstm.Dropout(0.9f, 1, 1));
            assertArrayEquals(without, Native.read(run.y, shape.rows() * shape.hiddenSize()));
        }
    }

    @Test
    void impossibleShapesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Lstm.Shape(0, 1, 1, 1, 1, null));
        assertThrows(IllegalArgumentException.class, () -> new Lstm.Shape(2, 2, 1, 1, 1, new int[] {1}));
        assertThrows(IllegalArgumentException.class, () -> new Lstm.Shape(2, 2, 1, 1, 1, new int[] {1, 3}));
        assertThrows(IllegalArgumentException.class, () -> new Lstm.Shape(2, 2, 1, 4, 5, 1, null));
        assertThrows(IllegalArgumentException.class, () -> new Lstm.Shape(2, 2, 1, 4, 0, 1, null));
    }

    /** The buffers of a training step; outputs and scratch memory start as NaN, and so does whatever must be ignored. */
    private static final class Run {
        static final float WEIGHT_GRADIENT_BEFORE = 0.25f;

        final Cell cell;
        final Lstm.Shape shape;
        final long states;
        final long cells;
        final long weightCount;
        final long weights;
        final long dweights;
        final long x;
        final long dx;
        final long y;
        final long dy;
        final long hx;
        final long cx;
        final long hy;
        final long cy;
        final long dhy;
        final long dcy;
        final long dhx;
        final long dcx;
        final long workspace;
        final long reserve;

        /** A cell state and its gradients are there for an LSTM only. */
        Run(Arena arena, Cell cell, Lstm.Shape shape, boolean withStates) {
            this.cell = cell;
            this.shape = shape;
            SplittableRandom random = new SplittableRandom(11);
            int h = shape.hiddenSize();
            int p = shape.outputSize();
            boolean gru = cell == Cell.GRU;
            boolean withCells = withStates && !gru;
            states = (long) shape.layers() * shape.batch() * p;
            cells = (long) shape.layers() * shape.batch() * h;
            weightCount = (gru ? GruSpace.of(shape).biases(shape.layers()) : LstmSpace.of(shape).biases(shape.layers())) / Memory.F;
            weights = Native.random(arena, random, weightCount, 1.5 / Math.sqrt(h + 1.0));
            dweights = Native.filled(arena, weightCount, WEIGHT_GRADIENT_BEFORE);
            x = Native.random(arena, random, shape.rows() * shape.inputSize(), 1);
            dx = Native.unwritten(arena, shape.rows() * shape.inputSize());
            y = Native.unwritten(arena, shape.rows() * p);
            dy = Native.random(arena, random, shape.rows() * p, 1);
            spoilPadding(x, shape.inputSize());
            spoilPadding(dy, p);
            hx = withStates ? Native.random(arena, random, states, 1) : 0;
            cx = withCells ? Native.random(arena, random, cells, 1) : 0;
            dhy = withStates ? Native.random(arena, random, states, 1) : 0;
            dcy = withCells ? Native.random(arena, random, cells, 1) : 0;
            hy = withStates ? Native.unwritten(arena, states) : 0;
            cy = withCells ? Native.unwritten(arena, cells) : 0;
            dhx = withStates ? Native.unwritten(arena, states) : 0;
            dcx = withCells ? Native.unwritten(arena, cells) : 0;
            workspace = Native.unwritten(arena, (gru ? Gru.workspaceBytes(shape, true) : Lstm.workspaceBytes(shape, true)) / Memory.F);
            reserve = Native.unwritten(arena, (gru ? Gru.reserveBytes(shape) : Lstm.reserveBytes(shape)) / Memory.F);
        }

        ReferenceRnn reference() {
            double[] weightValues = Native.read(weights, weightCount);
            double[] inputs = Native.read(x, shape.rows() * shape.inputSize());
            double[] outputGradients = finite(dy, shape.outputSize());
            double[] first = Native.read(hx, states);
            double[] last = Native.read(dhy, states);
            return cell == Cell.GRU ? new ReferenceGru(shape, weightValues, inputs, first, outputGradients, last)
                    : new ReferenceLstm(shape, weightValues, inputs, first, Native.read(cx, cells), outputGradients, last,
                            Native.read(dcy, cells));
        }

        void forward(Lstm.Dropout dropout) {
            if (cell == Cell.GRU) {
                Gru.forward(shape, true, x, y, hx, hy, weights, workspace, reserve, dropout);
            } else {
                Lstm.forward(shape, true, x, y, hx, cx, hy, cy, weights, workspace, reserve, dropout);
            }
        }

        void backward(Lstm.Dropout dropout) {
            // cuDNN fills what is behind a sequence's end with a value of the caller's choice.
            spoilPadding(y, shape.outputSize());
            if (cell == Cell.GRU) {
                Gru.backwardData(shape, y, dy, dx, hx, dhy, dhx, weights, workspace, reserve, dropout);
                Gru.backwardWeights(shape, x, hx, y, dweights, workspace, reserve);
            } else {
                Lstm.backwardData(shape, y, dy, dx, hx, cx, dhy, dcy, dhx, dcx, weights, workspace, reserve, dropout);
                Lstm.backwardWeights(shape, x, hx, y, dweights, workspace, reserve);
            }
        }

        /** Returns the values of [T][N][width], with zeros behind the sequences' ends. */
        double[] finite(long address, int width) {
            double[] values = Native.read(address, shape.rows() * width);
            for (int k = 0; k < values.length; k++) {
                values[k] = Double.isNaN(values[k]) ? 0 : values[k];
            }
            return values;
        }

        void write(long address, double[] values, double[] direction, double step) {
            for (int k = 0; k < values.length; k++) {
                Memory.putFloat(address + k * Memory.F, (float) (values[k] + step * direction[k]));
            }
        }

        private void spoilPadding(long address, int width) {
            for (int t = 0; t < shape.steps(); t++) {
                for (int n = 0; n < shape.batch(); n++) {
                    for (int k = 0; t >= shape.length(n) && k < width; k++) {
                        Memory.putFloat(address + (((long) t * shape.batch() + n) * width + k) * Memory.F, Float.NaN);
                    }
                }
            }
        }
    }
}
