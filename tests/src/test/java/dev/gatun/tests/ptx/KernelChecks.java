package dev.gatun.tests.ptx;

import java.util.Map;
import java.util.function.Consumer;

/** What is checked of each kernel, by its name: a suite that a bench runs and that fails with an AssertionError or a Fault. */
final class KernelChecks {
    /** Half an ulp of 1 in single precision. */
    static final double ROUNDING = 0x1p-24;

    static final Map<String, Consumer<KernelBench>> ALL = Map.ofEntries(
            Map.entry("embedding_gather", EmbeddingChecks::gather),
            Map.entry("embedding_gradient", EmbeddingChecks::gradient),
            Map.entry("cross_entropy_gradient", CrossEntropyChecks::gradient),
            Map.entry("cross_entropy_loss", CrossEntropyChecks::loss),
            Map.entry("bias_gradient", SumChecks::biasGradient),
            Map.entry("mean", SumChecks::mean),
            Map.entry("sum_of_squares", SumChecks::sumOfSquares),
            Map.entry("adam_prepare", AdamChecks::prepare),
            Map.entry("adam_update", AdamChecks::update),
            Map.entry("sample", SamplingChecks::sample),
            Map.entry("advance", SamplingChecks::advance));

    private KernelChecks() {}
}
