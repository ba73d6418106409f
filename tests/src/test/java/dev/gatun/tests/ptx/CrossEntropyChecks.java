package dev.gatun.tests.ptx;

import static dev.gatun.tests.ptx.KernelChecks.ROUNDING;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** cross_entropy_gradient and cross_entropy_loss. */
final class CrossEntropyChecks {
    private static final float SCALE = 0.05f;

    /** Rows of logits, x before the bias is added, and their targets. */
    private record Data(int vocab, MemorySegment logits, MemorySegment bias, int[] targets) {
        double x(int row, int word) {
            return KernelBench.at(logits, (long) row * vocab + word) + KernelBench.at(bias, word);
        }

        boolean counts(int row) {
            return targets[row] >= 0 && targets[row] < vocab;
        }
    }

    /** A row's values in double, and how far single precision may be from them. */
    private record Reference(double max, double sum, double sumError, double factor) {}

    private CrossEntropyChecks() {}

    private static List<Integer> vocabularies(KernelBench bench) {
        return List.of(1, 2, 3, 4, 31, 33, 100, 4 * bench.threads, 4 * bench.threads + 1, 9 * bench.threads + 7);
    }

    /** Ordinary rows, wide ones, targets in and outside the vocabulary; a bias of -inf takes a word out. */
    private static Data ordinary(KernelBench bench, int vocab) {
        int rows = 4;
        MemorySegment logits = bench.normal(rows * vocab, vocab % 2 == 0 ? 1 : 20);
        MemorySegment bias = bench.normal(vocab, 1);
        int[] targets = {bench.random.nextInt(vocab), vocab, vocab - 1, -1};
        if (vocab > 40) {
            bias.setAtIndex(ValueLayout.JAVA_FLOAT, vocab / 3, Float.NEGATIVE_INFINITY);
            targets[0] = vocab / 2;
        }
        return new Data(vocab, logits, bias, targets);
    }

    /** Equal logits of either sign, one huge one as the target, a hopeless target, maxima that grow along the row, NaN, far apart. */
    private static Data extreme(KernelBench bench, int vocab) {
        MemorySegment logits = KernelBench.floats(7 * vocab);
        for (int i = 0; i < vocab; i++) {
            float[] column = {-1e4f, -1e4f, 1e4f, i, -i, i, i * 37 % 11 * 50};
            for (int row = 0; row < column.length; row++) {
                logits.setAtIndex(ValueLayout.JAVA_FLOAT, (long) row * vocab + i, column[row]);
            }
        }
        logits.setAtIndex(ValueLayout.JAVA_FLOAT, vocab + 95, 1e4f);
        logits.setAtIndex(ValueLayout.JAVA_FLOAT, 2L * vocab + 3, -1e4f);
        logits.setAtIndex(ValueLayout.JAVA_FLOAT, 5L * vocab + 64, Float.NaN);
        return new Data(vocab, logits, KernelBench.floats(vocab), new int[] {7, 95, 3, vocab - 1, vocab / 2, 1, 3});
    }

    static void gradient(KernelBench bench) {
        vocabularies(bench).forEach(vocab -> gradient(bench, ordinary(bench, vocab)));
        gradient(bench, extreme(bench, 5 * bench.threads + 3));
        gradient(bench, extreme(bench, 5 * bench.threads + 4));
    }

    private static void gradient(KernelBench bench, Data data) {
        int rows = data.targets.length;
        int vocab = data.vocab;
        KernelBench.Result result = bench.run("cross_entropy_gradient", rows, KernelBench.inOut(data.logits), KernelBench.out(rows),
                data.bias, KernelBench.ints(data.targets), vocab, SCALE);
        for (int row = 0; row < rows; row++) {
            Reference reference = reference(bench, data, row);
            assertLoss(data, row, reference, result);
            for (int word = 0; word < vocab; word++) {
                double below = reference.max - data.x(row, word);
                double p = Math.exp(-below) / reference.sum;
                double expected = data.counts(row) ? (p - (word == data.targets[row] ? 1 : 0)) * SCALE : 0;
                double error = p == 0 ? 0 : p * ((below + reference.factor) * ROUNDING + reference.sumError / reference.sum);
                double tolerance = (error + (word == data.targets[row] ? ROUNDING : 0)) * SCALE + Math.abs(expected) * ROUNDING
                        + 2 * Float.MIN_NORMAL;
                result.assertBothClose(0, (long) row * vocab + word, expected, tolerance);
            }
        }
    }

    static void loss(KernelBench bench) {
        vocabularies(bench).forEach(vocab -> loss(bench, ordinary(bench, vocab)));
        loss(bench, extreme(bench, 5 * bench.threads + 3));
        loss(bench, extreme(bench, 5 * bench.threads + 4));
    }

    private static void loss(KernelBench bench, Data data) {
        int rows = data.targets.length;
        KernelBench.Result result = bench.run("cross_entropy_loss", rows, data.logits, KernelBench.out(rows), data.bias,
                KernelBench.ints(data.targets), data.vocab);
        for (int row = 0; row < rows; row++) {
            assertLoss(data, row, reference(bench, data, row), result);
        }
    }

    private static void assertLoss(Data data, int row, Reference reference, KernelBench.Result result) {
        if (!data.counts(row)) {
            result.assertBothClose(1, row, 0, 0);
            return;
        }
        double below = reference.max - data.x(row, data.targets[row]);
        double loss = Math.log(reference.sum) + below;
        double error = reference.sumError / reference.sum + (2 * Math.log(reference.sum) + 2 * below + loss) * ROUNDING;
        result.assertBothClose(1, row, loss, error);
    }

    /**
     * The error of exp grows with that of its argument, x - max, a rounding of which makes it relative; exp itself is good to 2 ulps
     * and what an approximation is put off by. A float sum loses a rounding for each addition a thread makes, of at most 15 in the
     * reductions, and two products for each time that its maximum grew.
     */
    private static Reference reference(KernelBench bench, Data data, int row) {
        double max = Double.NEGATIVE_INFINITY;
        for (int word = 0; word < data.vocab; word++) {
            max = Math.max(max, data.x(row, word));
        }
        double factor = 6 + 4 * bench.ulps;
        double additions = Math.ceilDiv(data.vocab, 4 * bench.threads) + 15;
        double sum = 0;
        double sumError = 0;
        for (int word = 0; word < data.vocab; word++) {
            double below = max - data.x(row, word);
            sum += Math.exp(-below);
            sumError += below == Double.POSITIVE_INFINITY ? 0 : Math.exp(-below) * (below + factor + additions * 3) * ROUNDING;
        }
        return new Reference(max, sum, sumError, factor);
    }
}
