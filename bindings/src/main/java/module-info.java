/** The C functions of the CUDA runtime, the driver, cuBLAS and cuDNN, and safe owners around their handles. */
module dev.gatun.bindings {
    exports dev.gatun.device;
    exports dev.gatun.device.spi;

    uses dev.gatun.device.spi.DeviceProvider;
}
