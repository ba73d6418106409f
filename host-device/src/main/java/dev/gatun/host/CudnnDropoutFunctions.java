package dev.gatun.host;

/** cuDNN's dropout descriptors; the generator's state lives in the caller's device memory. */
final class CudnnDropoutFunctions extends CudnnPart {
    CudnnDropoutFunctions(Host host, CudnnObjects cudnn) {
        super(host, cudnn);
    }

    int cudnnCreateDropoutDescriptor(long pointer) {
        return create(cudnn.dropouts, new Descriptor<>(), pointer, "cudnnCreateDropoutDescriptor");
    }

    int cudnnDestroyDropoutDescriptor(long dropout) {
        return destroy(cudnn.dropouts, dropout, "cudnnDestroyDropoutDescriptor");
    }

    int cudnnDropoutGetStatesSize(long handle, long size) {
        use(cudnn.handles, handle, "cudnnDropoutGetStatesSize");
        Native.putLong(Native.required(size, "cudnnDropoutGetStatesSize", "sizeInBytes"), DropoutShape.STATE_BYTES);
        return 0;
    }

    int cudnnSetDropoutDescriptor(long dropout, long handle, float probability, long states, long bytes, long seed) {
        DropoutShape shape = set("cudnnSetDropoutDescriptor", dropout, handle, probability, states, bytes, seed);
        if (states != 0) {
            HostStream queue = host.queue(cudnn.handles.find(handle).stream, "cudnnSetDropoutDescriptor");
            if (queue.recording()) {
                queue.record(() -> initialize(shape));
            } else {
                initialize(shape);
            }
        }
        return 0;
    }

    private void initialize(DropoutShape shape) {
        long real = host.memory.real(shape.states(), DropoutShape.STATE_BYTES, "cudnnSetDropoutDescriptor", "states");
        synchronized (host.engine) {
            Native.putLong(real + DropoutShape.SEED, shape.seed());
            Native.putLong(real + DropoutShape.COUNTER, 0);
        }
    }

    int cudnnRestoreDropoutDescriptor(long dropout, long handle, float probability, long states, long bytes, long seed) {
        DropoutShape shape = set("cudnnRestoreDropoutDescriptor", dropout, handle, probability, states, bytes, seed);
        if (host.checked && states != 0) {
            HostStream queue = host.queue(cudnn.handles.find(handle).stream, "cudnnRestoreDropoutDescriptor");
            if (queue.recording()) {
                queue.record(() -> requireSeed(shape));
            } else {
                requireSeed(shape);
            }
        }
        return 0;
    }

    /** Refuses to restore a state that was made with another seed, which would be ignored. */
    private void requireSeed(DropoutShape shape) {
        String function = "cudnnRestoreDropoutDescriptor";
        long made = Native.getLong(host.memory.real(shape.states(), DropoutShape.STATE_BYTES, function, "states") + DropoutShape.SEED);
        if (made != shape.seed()) {
            throw Fault.invalid(function + ": seed is " + shape.seed() + " but states was made with " + made
                    + ", which stays in force; cudnnSetDropoutDescriptor begins anew");
        }
    }

    private DropoutShape set(String function, long dropout, long handle, float probability, long states, long bytes, long seed) {
        use(cudnn.handles, handle, function);
        Descriptor<DropoutShape> descriptor = cudnn.dropouts.get(dropout, function, "dropoutDesc");
        if (!(probability >= 0 && probability <= 1)) {
            throw Fault.invalid(function + ": dropout is " + probability + "; expected a probability from 0 to 1");
        }
        if (states == 0 ? probability > 0 : bytes < DropoutShape.STATE_BYTES) {
            throw Fault.invalid(function + ": states " + (states == 0 ? "is NULL" : "has " + bytes + " bytes") + "; expected "
                    + DropoutShape.STATE_BYTES + " bytes of device memory, as cudnnDropoutGetStatesSize says");
        }
        host.memory.real(states, states == 0 ? 0 : bytes, function, "states");
        DropoutShape shape = new DropoutShape(probability, states, bytes, seed);
        descriptor.set(shape);
        return shape;
    }

    int cudnnGetDropoutDescriptor(long dropout, long handle, long probability, long states, long seed) {
        String function = "cudnnGetDropoutDescriptor";
        use(cudnn.handles, handle, function);
        DropoutShape shape = cudnn.dropouts.get(dropout, function, "dropoutDesc").required(function, "dropoutDesc");
        if (probability != 0) {
            Native.putFloat(probability, shape.probability());
        }
        Native.putLongIfWanted(states, shape.states());
        Native.putLongIfWanted(seed, shape.seed());
        return 0;
    }
}
