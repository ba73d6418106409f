/** A thin library for word-level recurrent language models. */
@SuppressWarnings("module") // The module that sees the kernels is compiled after this one.
module dev.gatun.lm {
    requires transitive dev.gatun.bindings;

    exports dev.gatun.lm;
    exports dev.gatun.lm.text;
    exports dev.gatun.lm.kernels to dev.gatun.examples;

    provides dev.gatun.device.spi.KernelTwins with dev.gatun.lm.kernels.LmKernelTwins;
}
