/** A CUDA device in software behind the C functions that Gatun binds, for machines without a GPU. */
module dev.gatun.host {
    requires dev.gatun.bindings;
    requires jdk.management;

    uses dev.gatun.device.spi.KernelTwins;
    uses dev.gatun.device.spi.PtxRunner;

    provides dev.gatun.device.spi.DeviceProvider with dev.gatun.host.HostDevice;
}
