/** A thin library for word-level LSTM language models. */
module dev.gatun.lm {
    requires transitive dev.gatun.bindings;

    exports dev.gatun.lm;
    exports dev.gatun.lm.kernels;
    exports dev.gatun.lm.text;

    provides dev.gatun.device.spi.KernelTwins with dev.gatun.lm.kernels.LmKernelTwins;
}
