/** The C functions of the CUDA runtime, the driver, cuBLAS and cuDNN, and safe owners around their handles. */
module dev.gatun.bindings {
    exports dev.gatun.cublas;
    exports dev.gatun.cuda;
    exports dev.gatun.cudnn;
    exports dev.gatun.device;
    exports dev.gatun.device.spi;
    exports dev.gatun.generated.cublas;
    exports dev.gatun.generated.cublaslt;
    exports dev.gatun.generated.cudart;
    exports dev.gatun.generated.cudnn;
    exports dev.gatun.generated.driver;

    uses dev.gatun.device.spi.DeviceProvider;
}
