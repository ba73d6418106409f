package dev.gatun.lm.kernels;

import dev.gatun.device.spi.KernelTwin;
import dev.gatun.device.spi.KernelTwins;
import java.util.Map;

/** The Java twins of the language model's kernels; thread-safe, and the same bits whatever the number of workers. */
public final class LmKernelTwins implements KernelTwins {
    private static final Map<String, KernelTwin> TWINS = Map.ofEntries(
            Map.entry("embedding_gather", EmbeddingTwins::gather),
            Map.entry("embedding_gradient", EmbeddingTwins::gradient),
            Map.entry("embedding_gradient_add", EmbeddingTwins::gradientAdd),
            Map.entry("cross_entropy_gradient", CrossEntropyTwins::gradient),
            Map.entry("cross_entropy_loss", CrossEntropyTwins::loss),
            Map.entry("bias_gradient", SumTwins::biasGradient),
            Map.entry("mean", SumTwins::mean),
            Map.entry("sum_of_squares", SumTwins::sumOfSquares),
            Map.entry("adam_prepare", AdamTwins::prepare),
            Map.entry("adam_update", AdamTwins::update),
            Map.entry("sgd_prepare", SgdTwins::prepare),
            Map.entry("sgd_update", SgdTwins::update),
            Map.entry("cast_half", MixedPrecisionTwins::castHalf),
            Map.entry("cast_bfloat16", MixedPrecisionTwins::castBfloat16),
            Map.entry("widen_half", MixedPrecisionTwins::widenHalf),
            Map.entry("widen_bfloat16", MixedPrecisionTwins::widenBfloat16),
            Map.entry("update_loss_scale", MixedPrecisionTwins::updateLossScale),
            Map.entry("sample", SamplingTwins::sample),
            Map.entry("sampling_floor", SamplingFloorTwin::run),
            Map.entry("advance", SamplingTwins::advance),
            Map.entry("dropout", DropoutTwins::dropout));

    /** For {@link java.util.ServiceLoader}. */
    public LmKernelTwins() {}

    @Override
    public Map<String, KernelTwin> byName() {
        return TWINS;
    }
}
