package dev.gatun.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Opaque handles of one kind. A handle's value encodes the kind and a slot that is never used again, so that a handle of
 * another kind or one that was destroyed is told apart from a live one. Look-ups allocate nothing.
 */
final class Handles<T> {
    /** A pattern that no mapped address has: handles are never dereferenced. */
    private static final long BASE = 0x6A74_0000_0000_0000L;

    /** The kinds' names with their articles, by number. */
    private static final List<String> KINDS = new ArrayList<>();

    private final String kind;
    private final long tag;
    private final boolean traced;
    private Object[] slots = new Object[16];
    private Origin[] origins;
    private int used;

    /**
     * Makes an empty set.
     *
     * @param kind the name with its article, for messages
     * @param traced whether to keep the stack of each creation
     */
    Handles(String kind, boolean traced) {
        this.kind = kind;
        this.traced = traced;
        this.origins = traced ? new Origin[slots.length] : null;
        synchronized (KINDS) {
            KINDS.add(kind);
            this.tag = BASE | (long) KINDS.size() << 40;
        }
    }

    static boolean isHandle(long value) {
        return value >>> 48 == BASE >>> 48;
    }

    synchronized long add(T object, String function) {
        if (used == slots.length) {
            slots = Arrays.copyOf(slots, 2 * used);
            origins = traced ? Arrays.copyOf(origins, 2 * used) : null;
        }
        slots[used] = object;
        if (traced) {
            origins[used] = new Origin(function);
        }
        return tag | (long) used++ << 4;
    }

    /** Returns the live object of a handle, or throws {@link Fault.Kind#INVALID_HANDLE}. */
    T get(long handle, String function, String argument) {
        T object = find(handle);
        if (object == null) {
            throw new Fault(Fault.Kind.INVALID_HANDLE, function + ": " + argument + " " + describe(handle));
        }
        return object;
    }

    @SuppressWarnings("unchecked")
    synchronized T find(long handle) {
        int slot = slot(handle);
        return slot < 0 ? null : (T) slots[slot];
    }

    synchronized T remove(long handle, String function, String argument) {
        T object = get(handle, function, argument);
        slots[slot(handle)] = null;
        return object;
    }

    /** Returns the objects that are still alive. */
    @SuppressWarnings("unchecked")
    synchronized List<T> live() {
        List<T> live = new ArrayList<>();
        for (Object object : slots) {
            if (object != null) {
                live.add((T) object);
            }
        }
        return live;
    }

    /** Returns what is still alive, in words, with the stack that created it. */
    synchronized List<String> leaks() {
        List<String> leaks = new ArrayList<>();
        for (int i = 0; i < used; i++) {
            if (slots[i] != null) {
                leaks.add(kind + (traced ? origins[i].describe() : ""));
            }
        }
        return leaks;
    }

    private int slot(long handle) {
        long slot = (handle ^ tag) >> 4;
        return (handle & 15) == 0 && slot >= 0 && slot < used ? (int) slot : -1;
    }

    private String describe(long handle) {
        if (handle == 0) {
            return "is NULL; expected " + kind;
        }
        if (slot(handle) >= 0) {
            return "is " + kind + " that was destroyed before";
        }
        int number = (int) (handle >>> 40 & 0xFF);
        if (isHandle(handle) && number >= 1 && number <= KINDS.size()) {
            return "is " + KINDS.get(number - 1) + "; expected " + kind;
        }
        return "(0x" + Long.toHexString(handle) + ") is not " + kind;
    }
}
