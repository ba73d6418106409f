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
import dev.gatun.lm.kernels.SamplingState;
import dev.gatun.lm.kernels.SgdState;
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
    private static final float WEIGHT_DECAY = 0.1f;
    private static final float MAX_NORM = 0.5f;

    private KernelChecks() {}

    static List<Check> all() {
        return List.of(
                check("embedding_gather", ROWS + " rows of " + DIM + ", two ids out of range", KernelChecks::gather),
                check("embedding_gradient", "repeated ids, two out of range", KernelChecks::gatherGradient),
                check("embedding_gradient_add", "the same, added to values", KernelChecks::gatherGradientAdd),
                check("cross_entropy_gradient", "loss and gradient, logits to ±50", KernelChecks::crossEntropyGradient),
                check("cross_entropy_loss", "loss, logits to ±50", KernelChecks::crossEntropyLoss),
                check("bias_gradient", ROWS + " x " + VOCAB, KernelChecks::biasGradient),
                check("mean", VALUES + " values", KernelChecks::mean),
                check("sum_of_squares", VALUES + " values in " + PARTS + " parts", KernelChecks::sumOfSquares),
                check("adam_prepare", "norm, clipping and bias corrections, 3 steps", KernelChecks::adamPrepare),
                check("adam_update", "parameters and both moments, 3 steps", KernelChecks::adamUpdate),
                check("sgd_prepare", "norm, clipping and the average's weight, 3 steps", KernelChecks::sgdPrepare),
                check("sgd_update", "parameters and their average, 3 steps", KernelChecks::sgdUpdate),
                check("dropout", "half of " + VALUES + " values, and the same again", KernelChecks::dropout),
                check("sample", "words with the largest Gumbel scores", KernelChecks::sample),
                check("sampling_floor", "top-k and top-p, by sorting", KernelChecks::samplingFloor),
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
        gatherGradient(bench, comparer, "embedding_gradient", new double[VOCAB * DIM]);
    }

    private static void gatherGradientAdd(Bench bench, Check.Comparer comparer) {
        gatherGradient(bench, comparer, "embedding_gradient_add", bench.scratch.uniform(VOCAB * DIM, 1));
    }

    private static void gatherGradient(Bench bench, Check.Comparer comparer, String kernel, double[] before) {
        Scratch scratch = bench.scratch;
        double[] dout = scratch.uniform(ROWS * DIM, 1);
        int[] ids = bench.roughIds();
        DeviceBuffer gradient = scratch.upload(before);
        bench.launch(kernel, ROWS, WARP, gradient, scratch.upload(dout), scratch.upload(ids), ROWS, DIM, VOCAB);
        double[] expected = before.clone();
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
            AdamState.initialize(host, LEARNING_RATE, ReferenceModel.BETA1, ReferenceModel.BETA2, ReferenceModel.EPSILON, 0);
            scratch.copyFrom(state, host);
        }
        return state;
    }

    private static DeviceBuffer sgdState(Scratch scratch) {
        DeviceBuffer state = scratch.own(DeviceBuffer.allocate(SgdState.BYTES));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(SgdState.BYTES, Float.BYTES);
            SgdState.initialize(host, LEARNING_RATE, WEIGHT_DECAY, 0);
            scratch.copyFrom(state, host);
        }
        return state;
    }

    private static void sgdPrepare(Bench bench, Check.Comparer comparer) {
        DeviceBuffer state = sgdState(bench.scratch);
        for (int step = 1; step <= 3; step++) {
            double[] gradient = bench.scratch.uniform(VALUES, step == 2 ? 1e-3 : 1); // the second is short enough not to be clipped
            prepare("sgd_prepare", bench, state, bench.scratch.upload(gradient));
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host = bench.scratch.copyTo(state, arena);
                compareOne(comparer, "gradient norm", Math.sqrt(sumOfSquares(gradient)), host.get(JAVA_FLOAT, SgdState.GRAD_NORM));
                compareOne(comparer, "clipping scale", clipScale(gradient), host.get(JAVA_FLOAT, SgdState.CLIP_SCALE));
                compareOne(comparer, "average's weight", step == 3 ? 0.5 : 1, host.get(JAVA_FLOAT, SgdState.AVERAGE_WEIGHT));
                compareOne(comparer, "step", step, host.get(JAVA_INT, SgdState.STEP));
            }
        }
    }

    private static void sgdUpdate(Bench bench, Check.Comparer comparer) {
        Scratch scratch = bench.scratch;
        double[] p = scratch.uniform(VALUES, 1);
        double[] average = new double[VALUES];
        DeviceBuffer state = sgdState(scratch);
        DeviceBuffer pBuffer = scratch.upload(p);
        DeviceBuffer averageBuffer = scratch.upload(average);
        for (int step = 1; step <= 3; step++) {
            double[] gradient = scratch.uniform(VALUES, 1);
            DeviceBuffer gBuffer = scratch.upload(gradient);
            prepare("sgd_prepare", bench, state, gBuffer);
            bench.launch("sgd_update", PARTS, BLOCK, pBuffer, averageBuffer, gBuffer, state, (long) VALUES);
            double scale = clipScale(gradient);
            double weight = step == 3 ? 0.5 : 1;
            Arrays.setAll(p, i -> p[i] - LEARNING_RATE * (gradient[i] * scale + WEIGHT_DECAY * p[i]));
            Arrays.setAll(average, i -> average[i] + (p[i] - average[i]) * weight);
        }
        comparer.compare("parameters", p, scratch.read(pBuffer));
        comparer.compare("average", average, scratch.read(averageBuffer));
    }

    /** Which values are dropped follows from Philox; the same launch on other values drops the same ones. */
    private static void dropout(Bench bench, Check.Comparer comparer) {
        Scratch scratch = bench.scratch;
        long seed = 1234567890123L;
        int step = 3;
        int site = 1;
        DeviceBuffer counter = scratch.upload(step, 0);
        for (String what : List.of("values", "gradients")) {
            double[] values = scratch.uniform(VALUES, 1);
            DeviceBuffer buffer = scratch.upload(values);
            bench.launch("dropout", PARTS, BLOCK, buffer, buffer, counter, (long) VALUES, 1 << 31, 2f, seed, site);
            double[] dropped = scratch.read(buffer);
            double[] expected = new double[VALUES];
            int[] words = new int[4];
            for (int i = 0; i < VALUES; i++) {
                Philox.words(i / 4, 0, step, site, seed, words, 0);
                expected[i] = words[i % 4] < 0 ? 2 * values[i] : 0;
            }
            comparer.compare(what, expected, dropped);
        }
    }

    private static void prepare(Bench bench, DeviceBuffer state, DeviceBuffer gradient) {
        prepare("adam_prepare", bench, state, gradient);
    }

    private static void prepare(String kernel, Bench bench, DeviceBuffer state, DeviceBuffer gradient) {
        bench.launch(kernel, 1, BLOCK, state, partials(bench, gradient), PARTS, MAX_NORM);
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
        DeviceBuffer state = samplingState(scratch, seed, temperature, 0, 1, counter + 1);
        for (int i = 0; i < counter; i++) {
            bench.launch("advance", 1, WARP, state);
        }
        bench.launch("sample", ROWS, WIDE_BLOCK, ids, history, state, scratch.upload(logits), scratch.upload(bias), null, ROWS, VOCAB);
        int[] drawn = scratch.readInts(ids);
        int[] remembered = Arrays.copyOfRange(scratch.readInts(history), ROWS * counter, ROWS * (counter + 1));
        double[] largest = new double[ROWS];
        double[] found = new double[ROWS];
        for (int row = 0; row < ROWS; row++) {
            double[] scores = new double[VOCAB];
            for (int word = 0; word < VOCAB; word++) {
                int[] bits = new int[4];
                Philox.words(counter, 0, row, word / 4, seed, bits, 0);
                double w = (Integer.toUnsignedLong(bits[word % 4]) + 0.5) * 0x1p-32;
                scores[word] = logits[row * VOCAB + word] + bias[word] - temperature * Math.log(-Math.log1p(-w));
            }
            largest[row] = Arrays.stream(scores).max().getAsDouble();
            found[row] = known(drawn[row]) ? scores[drawn[row]] : Double.NaN;
        }
        comparer.compare("draws", largest, found);
        comparer.compare("history", Arrays.stream(drawn).asDoubleStream().toArray(), Arrays.stream(remembered).asDoubleStream().toArray());
    }

    private static DeviceBuffer samplingState(Scratch scratch, long seed, float temperature, int topK, float topP, int capacity) {
        DeviceBuffer state = scratch.floats((int) SamplingState.BYTES / Float.BYTES);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(SamplingState.BYTES, Long.BYTES);
            SamplingState.initialize(host, seed, temperature, topK, topP, capacity);
            scratch.copyFrom(state, host);
        }
        return state;
    }

    private static void samplingFloor(Bench bench, Check.Comparer comparer) {
        Scratch scratch = bench.scratch;
        double[] logits = scratch.uniform(ROWS * VOCAB, 3);
        double[] bias = scratch.uniform(VOCAB, 1);
        DeviceBuffer floors = scratch.floats(ROWS);
        for (int topK : new int[] {40, 0}) {
            double topP = 0.75;
            DeviceBuffer state = samplingState(scratch, 1, 1, topK, topK == 0 ? (float) topP : 1, 1);
            bench.launch("sampling_floor", ROWS, WIDE_BLOCK, floors, state, scratch.upload(logits), scratch.upload(bias), ROWS, VOCAB);
            double[] expected = new double[ROWS];
            for (int row = 0; row < ROWS; row++) {
                double[] x = Arrays.copyOfRange(logits, row * VOCAB, (row + 1) * VOCAB);
                Arrays.setAll(x, word -> x[word] + bias[word]);
                Arrays.sort(x);
                int last = VOCAB - Math.max(topK, 1);
                double enough = topK == 0 ? topP * Arrays.stream(x).map(Math::exp).sum() : 0;
                for (double sum = Math.exp(x[last]); sum < enough; sum += Math.exp(x[last])) {
                    last--;
                }
                expected[row] = x[last];
            }
            comparer.compare(topK == 0 ? "floors of top-p" : "floors of top-k", expected, scratch.read(floors));
        }
    }

    private static void advance(Bench bench, Check.Comparer comparer) {
        DeviceBuffer counter = bench.scratch.upload(-1, 0); // 2^32 - 1, low word first
        bench.launch("advance", 1, WARP, counter);
        try (Arena arena = Arena.ofConfined()) {
            compareOne(comparer, "counter", 0x1p32, bench.scratch.copyTo(counter, arena).get(JAVA_LONG, 0));
        }
    }
}
