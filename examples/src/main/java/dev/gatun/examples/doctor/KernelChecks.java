package dev.gatun.examples.doctor;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelModule;
import dev.gatun.lm.kernels.AdamState;
import dev.gatun.lm.kernels.LmPtx;
import dev.gatun.lm.kernels.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** Checks of every kernel of the language model, by its name, launched with the grids that the library uses. */
final class KernelChecks {
    private static final int WARP = 32;
    private static final int BLOCK = 256;
    private static final int WIDE_BLOCK = 1024;
    private static final int VOCAB = 1003;
    private static final int ROWS = 17;
    private static final int DIM = 37;
    private static final int VALUES = 10007;
    private static final int PARTS = Math.ceilDiv(VALUES, 4 * BLOCK);
    private static final float LEARNING_RATE = 0.002f;
    private static final float MAX_NORM = 0.5f;

    private KernelChecks() {}

    static List<Check> all() {
        return List.of(
                check("embedding_gather", ROWS + " rows of " + DIM + ", two ids out of range", KernelChecks::gather),
                check("embedding_gradient", "repeated ids, two out of range", KernelChecks::gatherGradient),
                check("cross_entropy_gradient", "loss and gradient, logits to ±50", KernelChecks::crossEntropyGradient),
                check("cross_entropy_loss", "loss, logits to ±50", KernelChecks::crossEntropyLoss),
                check("bias_gradient", ROWS + " x " + VOCAB, KernelChecks::biasGradient),
                check("mean", VALUES + " values", KernelChecks::mean),
                check("sum_of_squares", VALUES + " values in " + PARTS + " parts", KernelChecks::sumOfSquares),
                check("adam_prepare", "norm, clipping and bias corrections, 3 steps", KernelChecks::adamPrepare),
                check("adam_update", "parameters and both moments, 3 steps", KernelChecks::adamUpdate),
                check("sample", "draws fall into their words' shares", KernelChecks::sample),
                check("advance", "past 32 bits", KernelChecks::advance));
    }

    private interface Body {
        void run(Bench bench, Check.Comparer comparer);
    }

    private static Check check(String kernel, String compared, Body body) {
        return new Check("kernel " + kernel, compared, Check.FLOAT32, comparer -> {
            try (Scratch scratch = new Scratch()) {
                body.run(new Bench(scratch, scratch.own(KernelModule.load(LmPtx.text()))), comparer);
            }
        });
    }

    /** Memory and kernels of a check. */
    private record Bench(Scratch scratch, KernelModule module) {
        void launch(String kernel, int grid, int block, Object... arguments) {
            module.kernel(kernel).call(grid, block, arguments).launch(scratch.stream);
        }

        /** Ids of which two are outside the vocabulary and two are equal. */
        int[] roughIds() {
            int[] ids = scratch.ids(ROWS, VOCAB);
            ids[0] = -1;
            ids[3] = VOCAB;
            ids[5] = ids[11];
            return ids;
        }
    }

    private static boolean known(int id) {
        return id >= 0 && id < VOCAB;
    }

    private static void gather(Bench bench, Check.Comparer comparer) {
        Scratch scratch = bench.scratch;
        double[] table = scratch.uniform(VOCAB * DIM, 1);
        int[] ids = bench.roughIds();
        DeviceBuffer out = scratch.floats(ROWS * DIM);
        bench.launch("embedding_gather", ROWS, WARP, out, scratch.upload(table), scratch.upload(ids), ROWS, DIM, VOCAB);
        double[] expected = new double[ROWS * DIM];
        Arrays.setAll(expected, i -> known(ids[i / DIM]) ? table[ids[i / DIM] * DIM + i % DIM] : 0);
        comparer.compare("rows", expected, scratch.read(out));
    }

    private static void gatherGradient(Bench bench, Check.Comparer comparer) {
        Scratch scratch = bench.scratch;
        double[] dout = scratch.uniform(ROWS * DIM, 1);
        int[] ids = bench.roughIds();
        DeviceBuffer gradient = scratch.upload(new double[VOCAB * DIM]);
        bench.launch("embedding_gradient", ROWS, WARP, gradient, scratch.upload(dout), scratch.upload(ids), ROWS, DIM, VOCAB);
        double[] expected = new double[VOCAB * DIM];
        for (int i = 0; i < dout.length; i++) {
            if (known(ids[i / DIM])) {
                expected[ids[i / DIM] * DIM + i % DIM] += dout[i];
            }
        }
        comparer.compare("gradient", expected, scratch.read(gradient));
    }

    private static void crossEntropyGradient(Bench bench, Check.Comparer comparer) {
        crossEntropy(bench, comparer, true);
    }

    private static void crossEntropyLoss(Bench bench, Check.Comparer comparer) {
        crossEntropy(bench, comparer, false);
    }

    private static void crossEntropy(Bench bench, Check.Comparer comparer, boolean gradient) {
        Scratch scratch = bench.scratch;
        double[] logits = scratch.uniform(ROWS * VOCAB, 50);
        double[] bias = scratch.uniform(VOCAB, 1);
        int[] targets = bench.roughIds();
        DeviceBuffer buffer = scratch.upload(logits);
        DeviceBuffer losses = scratch.floats(ROWS);
        float scale = 1f / ROWS;
        if (gradient) {
            bench.launch("cross_entropy_gradient", ROWS, BLOCK, buffer, losses, scratch.upload(bias), scratch.upload(targets), VOCAB,
                    scale);
        } else {
            bench.launch("cross_entropy_loss", ROWS, BLOCK, buffer, losses, scratch.upload(bias), scratch.upload(targets), VOCAB);
        }
        double[] expectedLosses = new double[ROWS];
        double[] expectedGradient = new double[ROWS * VOCAB];
        for (int row = 0; row < ROWS; row++) {
            if (known(targets[row])) {
                double[] x = Arrays.copyOfRange(logits, row * VOCAB, (row + 1) * VOCAB);
                Arrays.setAll(x, word -> x[word] + bias[word]);
                expectedLosses[row] = ReferenceModel.softmaxGradient(x, targets[row]);
                for (int word = 0; word < VOCAB; word++) {
                    expectedGradient[row * VOCAB + word] = x[word] * scale;
                }
            }
        }
        comparer.compare("losses", expectedLosses, scratch.read(losses));
        comparer.compare(gradient ? "gradient" : "logits, unchanged", gradient ? expectedGradient : logits, scratch.read(buffer));
    }

    private static void biasGradient(Bench bench, Check.Comparer comparer) {
        double[] dy = bench.scratch.uniform(ROWS * VOCAB, 1);
        DeviceBuffer db = bench.scratch.floats(VOCAB);
        bench.launch("bias_gradient", Math.ceilDiv(VOCAB, WARP), BLOCK, db, bench.scratch.upload(dy), ROWS, VOCAB);
        double[] expected = new double[VOCAB];
        for (int i = 0; i < dy.length; i++) {
            expected[i % VOCAB] += dy[i];
        }
        comparer.compare("column sums", expected, bench.scratch.read(db));
    }

    private static void mean(Bench bench, Check.Comparer comparer) {
        // All of one sign: a mean near 0 has no relative error to speak of.
        double[] values = Arrays.stream(bench.scratch.uniform(VALUES, 1)).map(Math::abs).toArray();
        DeviceBuffer out = bench.scratch.floats(1);
        bench.launch("mean", 1, BLOCK, out, bench.scratch.upload(values), VALUES);
        comparer.compare("mean", new double[] {Arrays.stream(values).average().orElseThrow()}, bench.scratch.read(out));
    }

    private static DeviceBuffer partials(Bench bench, DeviceBuffer gradient) {
        DeviceBuffer partials = bench.scratch.floats(PARTS);
        bench.launch("sum_of_squares", PARTS, BLOCK, partials, gradient, (long) VALUES);
        return partials;
    }

    private static double sumOfSquares(double[] values) {
        return Arrays.stream(values).map(value -> value * value).sum();
    }

    private static void sumOfSquares(Bench bench, Check.Comparer comparer) {
        double[] values = bench.scratch.uniform(VALUES, 1);
        double[] partials = bench.scratch.read(partials(bench, bench.scratch.upload(values)));
        comparer.compare("sum of the parts", new double[] {sumOfSquares(values)}, new double[] {Arrays.stream(partials).sum()});
    }

    private static DeviceBuffer adamState(Scratch scratch) {
        DeviceBuffer state = scratch.own(DeviceBuffer.allocate(AdamState.BYTES));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(AdamState.BYTES, Double.BYTES);
            AdamState.initialize(host, LEARNING_RATE, ReferenceModel.BETA1, ReferenceModel.BETA2, ReferenceModel.EPSILON);
            scratch.copyFrom(state, host);
        }
        return state;
    }

    private static void prepare(Bench bench, DeviceBuffer state, DeviceBuffer gradient) {
        bench.launch("adam_prepare", 1, BLOCK, state, partials(bench, gradient), PARTS, MAX_NORM);
    }

    private static double clipScale(double[] gradient) {
        return Math.min(1, MAX_NORM / (Math.sqrt(sumOfSquares(gradient)) + 1e-6));
    }

    private static void adamPrepare(Bench bench, Check.Comparer comparer) {
        DeviceBuffer state = adamState(bench.scratch);
        for (int step = 1; step <= 3; step++) {
            double[] gradient = bench.scratch.uniform(VALUES, step == 2 ? 1e-3 : 1); // the second is short enough not to be clipped
            prepare(bench, state, bench.scratch.upload(gradient));
            double beta1Power = Math.pow(ReferenceModel.BETA1, step);
            double beta2Power = Math.pow(ReferenceModel.BETA2, step);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host = bench.scratch.copyTo(state, arena);
                compareOne(comparer, "gradient norm", Math.sqrt(sumOfSquares(gradient)), host.get(JAVA_FLOAT, AdamState.GRAD_NORM));
                compareOne(comparer, "clipping scale", clipScale(gradient), host.get(JAVA_FLOAT, AdamState.CLIP_SCALE));
                compareOne(comparer, "beta1 power", beta1Power, host.get(JAVA_DOUBLE, AdamState.BETA1_POWER));
                compareOne(comparer, "beta2 power", beta2Power, host.get(JAVA_DOUBLE, AdamState.BETA2_POWER));
                compareOne(comparer, "step size", LEARNING_RATE / (1 - beta1Power), host.get(JAVA_FLOAT, AdamState.STEP_SIZE));
                compareOne(comparer, "1 / sqrt(1 - beta2 power)", 1 / Math.sqrt(1 - beta2Power),
                        host.get(JAVA_FLOAT, AdamState.INV_SQRT_BIAS2));
                compareOne(comparer, "step", step, host.get(JAVA_INT, AdamState.STEP));
            }
        }
    }

    private static void compareOne(Check.Comparer comparer, String what, double expected, double found) {
        comparer.compare(what, new double[] {expected}, new double[] {found});
    }

    private static void adamUpdate(Bench bench, Check.Comparer comparer) {
        Scratch scratch = bench.scratch;
        double[] p = scratch.uniform(VALUES, 1);
        double[] m = new double[VALUES];
        double[] v = new double[VALUES];
        DeviceBuffer state = adamState(scratch);
        DeviceBuffer pBuffer = scratch.upload(p);
        DeviceBuffer mBuffer = scratch.upload(m);
        DeviceBuffer vBuffer = scratch.upload(v);
        for (int step = 1; step <= 3; step++) {
            double[] gradient = scratch.uniform(VALUES, 1);
            DeviceBuffer gBuffer = scratch.upload(gradient);
            prepare(bench, state, gBuffer);
            bench.launch("adam_update", PARTS, BLOCK, pBuffer, mBuffer, vBuffer, gBuffer, state, (long) VALUES);
            ReferenceModel.adam(p, m, v, gradient, clipScale(gradient), LEARNING_RATE, step);
        }
        comparer.compare("parameters", p, scratch.read(pBuffer));
        comparer.compare("first moments", m, scratch.read(mBuffer));
        comparer.compare("second moments", v, scratch.read(vBuffer));
    }

    private static void sample(Bench bench, Check.Comparer comparer) {
        Scratch scratch = bench.scratch;
        float temperature = 0.8f;
        long seed = 1234567890123L;
        int counter = 2;
        double[] logits = scratch.uniform(ROWS * VOCAB, 3);
        double[] bias = scratch.uniform(VOCAB, 1);
        DeviceBuffer ids = scratch.upload(new int[ROWS]);
        DeviceBuffer history = scratch.upload(new int[ROWS * (counter + 1)]);
        bench.launch("sample", ROWS, WIDE_BLOCK, ids, history, scratch.upload(counter, 0), scratch.upload(logits), scratch.upload(bias),
                ROWS, VOCAB, temperature, seed);
        int[] drawn = scratch.readInts(ids);
        int[] remembered = Arrays.copyOfRange(scratch.readInts(history), ROWS * counter, ROWS * (counter + 1));
        double[] random = new double[ROWS];
        double[] nearest = new double[ROWS];
        for (int row = 0; row < ROWS; row++) {
            random[row] = (Philox.firstWord(counter, 0, row, 0, seed) >>> 8) * 0x1p-24;
            double[] x = Arrays.copyOfRange(logits, row * VOCAB, (row + 1) * VOCAB);
            Arrays.setAll(x, word -> Math.exp((x[word] + bias[word]) / temperature));
            nearest[row] = nearestInShare(random[row], x, drawn[row]);
        }
        comparer.compare("draws", random, nearest);
        comparer.compare("history", Arrays.stream(drawn).asDoubleStream().toArray(), Arrays.stream(remembered).asDoubleStream().toArray());
    }

    /** Returns the number nearest to {@code random} that draws {@code word}, in exact arithmetic; NaN for an unknown word. */
    private static double nearestInShare(double random, double[] weights, int word) {
        if (!known(word)) {
            return Double.NaN;
        }
        double total = Arrays.stream(weights).sum();
        double below = Arrays.stream(weights, 0, word).sum() / total;
        return Math.clamp(random, below, below + weights[word] / total);
    }

    private static void advance(Bench bench, Check.Comparer comparer) {
        DeviceBuffer counter = bench.scratch.upload(-1, 0); // 2^32 - 1, low word first
        bench.launch("advance", 1, WARP, counter);
        try (Arena arena = Arena.ofConfined()) {
            compareOne(comparer, "counter", 0x1p32, bench.scratch.copyTo(counter, arena).get(JAVA_LONG, 0));
        }
    }
}
