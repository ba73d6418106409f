package dev.gatun.cudnn;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.device.Owner;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Dropout between the layers of an RNN, in training only; a single layer has none.
 *
 * <p>It owns the generator's states on the device, which every training forward advances: the same seed gives the same masks
 * only from the same first call on.
 */
public final class DropoutDescriptor extends Owner {
    private final MemorySegment handle;
    private DeviceBuffer states;

    private DropoutDescriptor(Dnn dnn, MemorySegment handle) {
        super(dnn);
        this.handle = handle;
    }

    /** Describes no dropout. */
    public static DropoutDescriptor none(Dnn dnn) {
        return create(dnn, 0, 0);
    }

    /**
     * Describes dropout and seeds its generator, which is slow: make one and keep it.
     *
     * @param probability the probability of a zero, in [0, 1)
     * @throws IllegalArgumentException if it is not
     * @throws CudnnException if cuDNN refuses
     */
    public static DropoutDescriptor create(Dnn dnn, float probability, long seed) {
        if (!(probability >= 0 && probability < 1)) {
            throw new IllegalArgumentException("dropout must be at least 0 and below 1, got " + probability);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(Cudnn.C_POINTER);
            CudnnException.check(Cudnn.cudnnCreateDropoutDescriptor(out), "cudnnCreateDropoutDescriptor");
            DropoutDescriptor descriptor = new DropoutDescriptor(dnn, out.get(Cudnn.C_POINTER, 0));
            try {
                descriptor.set(dnn, probability, seed, arena);
            } catch (RuntimeException e) {
                descriptor.close();
                throw e;
            }
            return descriptor;
        }
    }

    private void set(Dnn dnn, float probability, long seed, Arena arena) {
        MemorySegment pointer = MemorySegment.NULL;
        long bytes = 0;
        if (probability > 0) {
            MemorySegment size = arena.allocate(Cudnn.C_LONG);
            CudnnException.check(Cudnn.cudnnDropoutGetStatesSize(dnn.handle(), size), "cudnnDropoutGetStatesSize");
            bytes = size.get(Cudnn.C_LONG, 0);
            states = DeviceBuffer.allocate(bytes);
            pointer = states.pointer();
        }
        CudnnException.check(Cudnn.cudnnSetDropoutDescriptor(handle, dnn.handle(), probability, pointer, bytes, seed),
                "cudnnSetDropoutDescriptor");
    }

    /** Returns the {@code cudnnDropoutDescriptor_t} for the generated bindings. */
    public MemorySegment handle() {
        requireOpen();
        return handle;
    }

    /**
     * Returns the generator's states, which the masks to come depend on, or {@code null} where the probability is 0. They are
     * cuDNN's own format; what was read from them continues the sequence once it is written back
     * ({@code cudnnRestoreDropoutDescriptor} rests on the same).
     */
    public DeviceBuffer states() {
        requireOpen();
        return states;
    }

    @Override
    protected void destroy() {
        CudnnException.check(Cudnn.cudnnDestroyDropoutDescriptor(handle), "cudnnDestroyDropoutDescriptor");
        if (states != null) {
            states.close();
        }
    }
}
