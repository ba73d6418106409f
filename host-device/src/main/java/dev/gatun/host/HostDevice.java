package dev.gatun.host;

import dev.gatun.device.NativeLibrary;
import dev.gatun.device.spi.DeviceProvider;
import dev.gatun.host.compute.WarmUp;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/**
 * A CUDA device in software: the C functions of the runtime, the driver, cuBLAS and cuDNN as upcalls into Java, which
 * computes with oneDNN.
 *
 * <p>{@code -Dgatun.check=full} turns on the checked mode, in which calls that break the vendor's contract are refused in
 * words, and what is still alive at exit is reported on standard error. {@code -Dgatun.check=scattered} is the same with weight
 * spaces laid out in another order, with gaps, and with larger sizes than needed: it finds programs that rely on one layout.
 *
 * <p>{@code -Dgatun.streams} says when work on a stream is done: {@code inline}, during the call, {@code async}, by a thread of
 * the device, or {@code lazy}, when something waits for it. Fast mode is inline, checked mode lazy, unless it is given.
 */
public final class HostDevice implements DeviceProvider {
    private static final String CHECK = System.getProperty("gatun.check", "");

    private static final boolean CHECKED = CHECK.equals("full") || CHECK.equals("scattered");

    private final Host host;
    private final Map<NativeLibrary, FunctionTable> tables;

    /** Made by {@link java.util.ServiceLoader}, once a process. */
    public HostDevice() {
        host = new Host(CHECKED, CHECK.equals("scattered"), StreamMode.chosen(System.getProperty("gatun.streams", ""), CHECKED));
        Libc.load();
        WarmUp.begin();
        CudnnObjects cudnn = new CudnnObjects(host);
        tables = Map.of(
                NativeLibrary.CUDART, new FunctionTable(List.of(new RuntimeFunctions(host))),
                NativeLibrary.DRIVER, new FunctionTable(List.of(new DriverFunctions(host))),
                NativeLibrary.CUBLAS, new FunctionTable(List.of(new CublasFunctions(host))),
                NativeLibrary.CUBLASLT, new FunctionTable(List.of(new CublasLtFunctions(host))),
                NativeLibrary.CUDNN, new FunctionTable(List.of(new CudnnFunctions(host, cudnn),
                        new CudnnTensorFunctions(host, cudnn), new CudnnDropoutFunctions(host, cudnn),
                        new CudnnRnnDescriptorFunctions(host, cudnn), new CudnnRnnFunctions(host, cudnn))));
        if (host.checked) {
            Runtime.getRuntime().addShutdownHook(new Thread(this::reportLeaks, "gatun-leak-report"));
        }
    }

    @Override
    public String describe() {
        return "host device (" + Runtime.getRuntime().availableProcessors() + " cores, oneDNN " + OneDnn.version()
                + (host.checked ? ", checked mode" : "") + ")";
    }

    @Override
    public String origin(NativeLibrary library) {
        return "the host device";
    }

    @Override
    public MemorySegment find(NativeLibrary library, String symbol, FunctionDescriptor descriptor) {
        return tables.get(library).find(symbol, descriptor);
    }

    @Override
    public String explainLastFailure() {
        return host.takeFailure();
    }

    private void reportLeaks() {
        List<String> leaks = host.leaks();
        if (!leaks.isEmpty()) {
            System.err.println("gatun: still alive at exit: " + leaks.size() + "\n  " + String.join("\n  ", leaks));
        }
    }
}
