package dev.gatun.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The owner of one native object: it is destroyed once, by {@link #close}, and not used afterwards.
 *
 * <p>An owner that others are made from, such as a stream that a cuBLAS handle works on, stays alive until the last of them
 * is closed too, whatever the order of the calls to {@code close}.
 */
public abstract class Owner implements AutoCloseable {
    private static final AtomicLong MADE = new AtomicLong();
    private static final AtomicLong DESTROYED = new AtomicLong();

    private static final Owner[] NO_PARENTS = {};

    /** The C functions that make an object write its handle here. */
    private static final ThreadLocal<MemorySegment> RESULT = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Long.BYTES, Long.BYTES));

    private final Owner[] parents;
    private int children;
    private boolean closed;

    /** Makes an owner that needs no other. */
    protected Owner() {
        this(NO_PARENTS);
    }

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
        MADE.incrementAndGet();
    }

    /** Returns eight bytes for a C function's result, the calling thread's own, to be read before the thread's next such call. */
    protected static MemorySegment result() {
        return RESULT.get();
    }

    /** Returns how many native objects owners of this process have taken over. */
    public static long made() {
        return MADE.get();
    }

    /** Returns how many of them have been destroyed again. Where it stays below {@link #made} something was not closed. */
    public static long destroyed() {
        return DESTROYED.get();
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
            DESTROYED.incrementAndGet();
        } finally {
            for (Owner parent : parents) {
                parent.removeChild();
            }
        }
    }
}
