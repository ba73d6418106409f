package dev.gatun.tests.ptx;

import static dev.gatun.tests.ptx.KernelBench.floats;
import static dev.gatun.tests.ptx.KernelBench.inOut;
import static dev.gatun.tests.ptx.KernelBench.ints;
import static dev.gatun.tests.ptx.KernelBench.longs;
import static dev.gatun.tests.ptx.KernelBench.out;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.lm.kernels.AdamState;
import dev.gatun.lm.kernels.LmPtx;
import dev.gatun.lm.kernels.SamplingState;
import dev.gatun.lm.kernels.SgdState;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * How many bytes each kernel moves, in launches as lm makes them, against the least that any kernel must: every input read once,
 * every output written once, and for cross_entropy_gradient the logits read twice, because a row does not fit on the chip.
 */
class KernelTrafficTest {
    private static final double BOUND = 1.05;

    /** sampling_floor reads a row four times for top-k and six times for top-p. */
    private static final Map<String, Double> BOUNDS = Map.of("sampling_floor", 10.5);

    private static final PtxModule MODULE = PtxModule.parse(LmPtx.text());
    private static final int TOKENS = 150;
    private static final int DIM = 200;
    private static final int ROWS = 10;
    private static final int VOCAB = 2500;
    private static final int VALUES = 60_000;
    private static final int STRIDING_BLOCKS = Math.ceilDiv(VALUES, 1024);

    private record Row(String kernel, String sizes, long least, Traffic traffic) {
        double ratio() {
            return (double) traffic.movedBytes() / least;
        }

        String markdown() {
            return String.format(Locale.ROOT, "| %s | %s | %d | %d | %.3f | %d | %.2f |%n", kernel, sizes, least, traffic.movedBytes(),
                    ratio(), traffic.requestedBytes(), 32.0 * traffic.sectors() / traffic.requestedBytes());
        }
    }

    private final List<Row> rows = new ArrayList<>();

    private void measure(String kernel, String sizes, long leastWords, int blocks, int threads, Object... arguments) {
        KernelBench bench = new KernelBench(MODULE, new KernelBench.Setting(threads, 1, 0, 0));
        Traffic traffic = new Traffic();
        bench.traffic(traffic);
        bench.run(kernel, blocks, arguments);
        rows.add(new Row(kernel, sizes, 4 * leastWords, traffic));
    }

    @Test
    void kernelsMoveHardlyMoreThanTheyMust() throws IOException {
        measureAll();
        assertEquals(MODULE.kernels().keySet(), new TreeSet<>(rows.stream().map(Row::kernel).toList()));
        StringBuilder table = new StringBuilder("""
                | kernel | sizes | least bytes | moved | moved / least | requested | sectors / requested |
                |---|---|---|---|---|---|---|
                """);
        rows.forEach(row -> table.append(row.markdown()));
        KernelPage.assertSays("traffic", table.toString());
        for (Row row : rows) {
            assertTrue(row.ratio() <= BOUNDS.getOrDefault(row.kernel, BOUND), row::markdown);
        }
    }

    private void measureAll() {
        KernelBench data = new KernelBench(MODULE, new KernelBench.Setting(32, 1, 0, 0));
        int[] ids = data.random.ints(TOKENS, 0, 100).toArray();
        long words = Arrays.stream(ids).distinct().count();
        String tokens = TOKENS + " tokens of " + words + " words, " + DIM + " values each";
        measure("embedding_gather", tokens, TOKENS + words * DIM + (long) TOKENS * DIM, TOKENS, 64, out((long) TOKENS * DIM),
                data.normal(100 * DIM, 1), ints(ids), TOKENS, DIM, 100);
        measure("embedding_gradient", tokens, TOKENS + words * DIM + (long) TOKENS * DIM, TOKENS, 64, inOut(floats(100 * DIM)),
                data.normal(TOKENS * DIM, 1), ints(ids), TOKENS, DIM, 100);
        measure("embedding_gradient_add", tokens, TOKENS + 2 * words * DIM + (long) TOKENS * DIM, TOKENS, 64, inOut(floats(100 * DIM)),
                data.normal(TOKENS * DIM, 1), ints(ids), TOKENS, DIM, 100);

        String logits = ROWS + " x " + VOCAB + " logits";
        long all = (long) ROWS * VOCAB;
        int[] targets = data.random.ints(ROWS, 0, VOCAB).toArray();
        measure("cross_entropy_gradient", logits, 3 * all + VOCAB + 2 * ROWS, ROWS, 256, inOut(data.normal(ROWS * VOCAB, 1)), out(ROWS),
                data.normal(VOCAB, 1), ints(targets), VOCAB, 1f);
        measure("cross_entropy_loss", logits, all + VOCAB + 2 * ROWS, ROWS, 256, data.normal(ROWS * VOCAB, 1), out(ROWS),
                data.normal(VOCAB, 1), ints(targets), VOCAB);
        MemorySegment draw = Arena.ofAuto().allocate(SamplingState.BYTES, Long.BYTES);
        SamplingState.initialize(draw, 1, 1, 40, 0.9f, 1);
        measure("sample", logits, all + VOCAB + 6 + 2 * ROWS, ROWS, 1024, out(ROWS), inOut(floats(ROWS)), draw,
                data.normal(ROWS * VOCAB, 1), data.normal(VOCAB, 1), null, ROWS, VOCAB);
        measure("sampling_floor", logits, all + VOCAB + 3 + ROWS, ROWS, 1024, out(ROWS), draw, data.normal(ROWS * VOCAB, 1),
                data.normal(VOCAB, 1), ROWS, VOCAB);
        measure("bias_gradient", logits, all + VOCAB, Math.ceilDiv(VOCAB, 32), 256, out(VOCAB), data.normal(ROWS * VOCAB, 1), ROWS, VOCAB);

        measure("mean", TOKENS + " values", TOKENS + 1, 1, 256, out(1), data.normal(TOKENS, 1), TOKENS);
        String values = VALUES + " values";
        measure("sum_of_squares", values, VALUES + STRIDING_BLOCKS, STRIDING_BLOCKS, 256, out(STRIDING_BLOCKS), data.normal(VALUES, 1),
                (long) VALUES);
        MemorySegment state = Arena.ofAuto().allocate(AdamState.BYTES, Double.BYTES);
        AdamState.initialize(state, 0.01f, 0.9f, 0.999f, 1e-8f, 0);
        // Of the state, two doubles and the step are read and written, four floats and a flag read, five floats written.
        measure("adam_prepare", STRIDING_BLOCKS + " partial sums", STRIDING_BLOCKS + 20, 1, 256, inOut(state),
                floats(STRIDING_BLOCKS), STRIDING_BLOCKS, 1f);
        measure("adam_update", values, 7L * VALUES + 8, STRIDING_BLOCKS, 256, inOut(floats(VALUES)), inOut(floats(VALUES)),
                inOut(floats(VALUES)), data.normal(VALUES, 1), state, (long) VALUES);
        MemorySegment sgd = Arena.ofAuto().allocate(SgdState.BYTES, Float.BYTES);
        SgdState.initialize(sgd, 0.01f, 0, 0);
        sgd.set(ValueLayout.JAVA_FLOAT, SgdState.AVERAGE_WEIGHT, 0.5f);
        // Of the state, the step is read and written, the start of the average and a flag read, three floats written.
        measure("sgd_prepare", STRIDING_BLOCKS + " partial sums", STRIDING_BLOCKS + 7, 1, 256, inOut(sgd), floats(STRIDING_BLOCKS),
                STRIDING_BLOCKS, 1f);
        measure("sgd_update", values, 3L * VALUES + 5, STRIDING_BLOCKS, 256, inOut(floats(VALUES)), null, data.normal(VALUES, 1), sgd,
                (long) VALUES);
        measure("sgd_update", values + ", averaged", 5L * VALUES + 5, STRIDING_BLOCKS, 256, inOut(floats(VALUES)), inOut(floats(VALUES)),
                data.normal(VALUES, 1), sgd, (long) VALUES);
        for (String type : new String[] {"half", "bfloat16"}) {
            measure("cast_" + type, values, VALUES + VALUES / 2 + 1, STRIDING_BLOCKS, 256, out(VALUES / 2), data.normal(VALUES, 1),
                    floats(1), (long) VALUES);
            measure("widen_" + type, values, VALUES + VALUES / 2 + 1, STRIDING_BLOCKS, 256, out(VALUES), floats(VALUES / 2), floats(1),
                    (long) VALUES);
        }
        // Scale and count are read and written, the inverse and the flag written.
        measure("update_loss_scale", STRIDING_BLOCKS + " partial sums", STRIDING_BLOCKS + 6, 1, 256, inOut(floats(4)), inOut(floats(1)),
                floats(STRIDING_BLOCKS), STRIDING_BLOCKS, 2000);
        measure("dropout", values, 2L * VALUES + 2, STRIDING_BLOCKS, 256, out(VALUES), data.normal(VALUES, 1), longs(1), (long) VALUES,
                1 << 30, 4f / 3, 1L, 0);
        measure("advance", "", 4, 1, 32, inOut(longs(0)));
    }
}
