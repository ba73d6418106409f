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
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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

    /** sample reads a row three times: for its largest value, for the total, and up to the word drawn. */
    private static final Map<String, Double> BOUNDS = Map.of("sample", 3.0);

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

        String logits = ROWS + " x " + VOCAB + " logits";
        long all = (long) ROWS * VOCAB;
        int[] targets = data.random.ints(ROWS, 0, VOCAB).toArray();
        measure("cross_entropy_gradient", logits, 3 * all + VOCAB + 2 * ROWS, ROWS, 256, inOut(data.normal(ROWS * VOCAB, 1)), out(ROWS),
                data.normal(VOCAB, 1), ints(targets), VOCAB, 1f);
        measure("cross_entropy_loss", logits, all + VOCAB + 2 * ROWS, ROWS, 256, data.normal(ROWS * VOCAB, 1), out(ROWS),
                data.normal(VOCAB, 1), ints(targets), VOCAB);
        measure("sample", logits, all + VOCAB + 2 + 2 * ROWS, ROWS, 1024, out(ROWS), inOut(floats(ROWS)), longs(0),
                data.normal(ROWS * VOCAB, 1), data.normal(VOCAB, 1), ROWS, VOCAB, 1f, 1L);
        measure("bias_gradient", logits, all + VOCAB, Math.ceilDiv(VOCAB, 32), 256, out(VOCAB), data.normal(ROWS * VOCAB, 1), ROWS, VOCAB);

        measure("mean", TOKENS + " values", TOKENS + 1, 1, 256, out(1), data.normal(TOKENS, 1), TOKENS);
        String values = VALUES + " values";
        measure("sum_of_squares", values, VALUES + STRIDING_BLOCKS, STRIDING_BLOCKS, 256, out(STRIDING_BLOCKS), data.normal(VALUES, 1),
                (long) VALUES);
        MemorySegment state = Arena.ofAuto().allocate(AdamState.BYTES, Double.BYTES);
        AdamState.initialize(state, 0.01f, 0.9f, 0.999f, 1e-8f);
        // Of the state, two doubles and the step are read and written, three floats read, four floats written.
        measure("adam_prepare", STRIDING_BLOCKS + " partial sums", STRIDING_BLOCKS + 17, 1, 256, inOut(state),
                floats(STRIDING_BLOCKS), STRIDING_BLOCKS, 1f);
        measure("adam_update", values, 7L * VALUES + 6, STRIDING_BLOCKS, 256, inOut(floats(VALUES)), inOut(floats(VALUES)),
                inOut(floats(VALUES)), data.normal(VALUES, 1), state, (long) VALUES);
        measure("advance", "", 4, 1, 32, inOut(longs(0)));
    }
}
