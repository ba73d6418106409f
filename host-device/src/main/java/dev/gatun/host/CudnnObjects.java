package dev.gatun.host;

/** The handles and descriptors that the parts of cuDNN share. */
final class CudnnObjects {
    final Handles<LibraryHandle> handles;
    final Handles<Descriptor<TensorShape>> tensors;
    final Handles<Descriptor<DropoutShape>> dropouts;
    final Handles<RnnDescriptor> rnns;
    final Handles<RnnDataDescriptor> rnnData;

    /** The condition that failed last on a thread, for {@code cudnnGetLastErrorString}. */
    final ThreadLocal<String> lastError = ThreadLocal.withInitial(() -> "");

    CudnnObjects(Host host) {
        handles = host.handles("a cuDNN handle");
        tensors = host.handles("a tensor descriptor");
        dropouts = host.handles("a dropout descriptor");
        rnns = host.handles("an RNN descriptor");
        rnnData = host.handles("an RNN data descriptor");
    }
}
