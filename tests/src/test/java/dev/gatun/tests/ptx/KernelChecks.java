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
            Map.entry("embedding_gradient_add", EmbeddingChecks::gradientAdd),
            Map.entry("cross_entropy_gradient", CrossEntropyChecks::gradient),
            Map.entry("cross_entropy_loss", CrossEntropyChecks::loss),
            Map.entry("bias_gradient", SumChecks::biasGradient),
            Map.entry("mean", SumChecks::mean),
            Map.entry("sum_of_squares", SumChecks::sumOfSquares),
            Map.entry("adam_prepare", AdamChecks::prepare),
            Map.entry("adam_update", AdamChecks::update),
            Map.entry("sgd_prepare", SgdChecks::prepare),
            Map.entry("sgd_update", SgdChecks::update),
            Map.entry("dropout", DropoutChecks::dropout),
            Map.entry("cast_half", MixedPrecisionChecks::castHalf),
            Map.entry("cast_bfloat16", MixedPrecisionChecks::castBfloat16),
            Map.entry("widen_half", MixedPrecisionChecks::widenHalf),
            Map.entry("widen_bfloat16", MixedPrecisionChecks::widenBfloat16),
            Map.entry("update_loss_scale", MixedPrecisionChecks::updateLossScale),
            Map.entry("sample", SamplingChecks::sample),
            Map.entry("sampling_floor", SamplingChecks::floor),
            Map.entry("advance", SamplingChecks::advance));

    private KernelChecks() {}
}
