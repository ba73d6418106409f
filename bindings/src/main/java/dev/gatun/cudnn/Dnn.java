package dev.gatun.cudnn;

import dev.gatun.cuda.Stream;
import dev.gatun.device.Owner;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.MemorySegment;

/** A cuDNN handle on one stream. Not thread-safe: one thread at a time. */
public final class Dnn extends Owner {
    private final MemorySegment handle;

    private Dnn(Stream stream, MemorySegment handle) {
        super(stream);
        this.handle = handle;
    }

    /**
     * Makes a handle that works on a stream.
     *
     * @throws CudnnException if the library cannot start
     */
    public static Dnn create(Stream stream) {
        MemorySegment pointer = result();
        CudnnException.check(Cudnn.cudnnCreate(pointer), "cudnnCreate");
        Dnn dnn = new Dnn(stream, pointer.get(Cudnn.C_POINTER, 0));
        try {
            CudnnException.check(Cudnn.cudnnSetStream(dnn.handle, stream.handle()), "cudnnSetStream");
        } catch (CudnnException e) {
            dnn.close();
            throw e;
        }
        return dnn;
    }

    /** Returns cuDNN's version, for example 92400 for 9.24.0. */
    public static long version() {
        return Cudnn.cudnnGetVersion();
    }

    /** Returns the {@code cudnnHandle_t} for the generated bindings. */
    public MemorySegment handle() {
        requireOpen();
        return handle;
    }

    @Override
    protected void destroy() {
        CudnnException.check(Cudnn.cudnnDestroy(handle), "cudnnDestroy");
    }
}
