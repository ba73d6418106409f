/** The command {@code gatun}, and programs that show how the libraries are used; it exports nothing. */
module dev.gatun.examples {
    requires dev.gatun.lm;
    requires extjwnl.data.wn31;
    requires com.google.protobuf;
    requires com.fasterxml.jackson.databind;
    requires info.picocli;
    requires jdk.unsupported; // sun.misc.Signal
    requires me.tongfei.progressbar;
    requires uplot;

    opens dev.gatun.examples to info.picocli, com.fasterxml.jackson.databind;

    provides dev.gatun.device.spi.KernelTwins with dev.gatun.examples.library.AxpyTwin;
}
