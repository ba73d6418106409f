package dev.gatun.device;

/**
 * The owner of one native object: it is destroyed once, by {@link #close}, and not used afterwards.
 *
 * <p>An owner that others are made from, such as a stream that a cuBLAS handle works on, stays alive until the last of them
 * is closed too, whatever the order of the calls to {@code close}.
 */
public abstract class Owner implements AutoCloseable {
    private final Owner[] parents;
    private int children;
    private boolean closed;

    /**
     * Registers with the owners that must outlive this one.
     *
     * @throws IllegalStateException if one of them is closed
     */
    protected Owner(Owner... parents) {
        this.parents = parents;
        for (Owner parent : parents) {
            parent.addChild();
        }
    }

    /** Destroys the native object; called once. */
    protected abstract void destroy();

    /** Throws {@link IllegalStateException} if this was closed. */
    protected final void requireOpen() {
        if (closed) {
            throw new IllegalStateException(getClass().getSimpleName() + " was used after it was closed");
        }
    }

    /** Destroys the native object, or has it destroyed with the last owner made from it; further calls do nothing. */
    @Override
    public final void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            if (children > 0) {
                return;
            }
        }
        destroyAndRelease();
    }

    private synchronized void addChild() {
        requireOpen();
        children++;
    }

    private void removeChild() {
        synchronized (this) {
            children--;
            if (!closed || children > 0) {
                return;
            }
        }
        destroyAndRelease();
    }

    private void destroyAndRelease() {
        try {
            destroy();
        } finally {
            for (Owner parent : parents) {
                parent.removeChild();
            }
        }
    }
}
