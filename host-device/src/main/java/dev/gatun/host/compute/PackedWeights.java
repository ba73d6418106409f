package dev.gatun.host.compute;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * Products of some rows with a large matrix that seldom changes, as where a model writes text: C = A Bᵀ or C += A Bᵀ with a packed
 * copy of B, which is kept until memory that B lies in may have been written. With a good copy such a product takes a third of
 * the time that {@code dnnl_sgemm} takes for it; making one takes about as long as a product of 64 rows. Which of the two computes
 * it depends on the sizes alone, so that the same call gives the same bits whatever was computed before.
 */
public final class PackedWeights {
    /** With fewer rows {@code dnnl_sgemm} reads B as it is; with more, what it rearranges is little beside the product. */
    private static final int LEAST_ROWS = 4;
    private static final int MOST_ROWS = 128;

    /** Smaller matrices stay in the cache. */
    private static final long LEAST_ELEMENTS = 1 << 18;

    private static final int KEPT = 16;
    private static final int ALIGNMENT = 64;

    /** A packed copy in memory of its own, for products of some sizes. */
    private static final class Copy {
        final long matrix;
        final int rows;
        final int columns;
        final int depth;
        final boolean adds;
        final Arena arena = Arena.ofShared();
        final long address;
        boolean good;

        Copy(long matrix, int rows, int columns, int depth, boolean adds, long bytes) {
            this.matrix = matrix;
            this.rows = rows;
            this.columns = columns;
            this.depth = depth;
            this.adds = adds;
            address = arena.allocate(bytes, ALIGNMENT).address();
        }

        boolean isFor(long matrix, int rows, int columns, int depth, boolean adds) {
            return matrix == this.matrix && rows == this.rows && columns == this.columns && depth == this.depth && adds == this.adds;
        }

        boolean overlaps(long address, long bytes) {
            return address < matrix + (long) columns * depth * Memory.F && matrix < address + bytes;
        }
    }

    /** The one used last stands last. */
    private static final List<Copy> COPIES = new ArrayList<>(KEPT);

    /** Lets {@link #changed} return at once where nothing was ever packed. */
    private static volatile boolean used;

    private PackedWeights() {}

    /** Returns whether {@link #multiply} is for such sizes. */
    static boolean suits(long rows, long columns, long depth) {
        return rows >= LEAST_ROWS && rows <= MOST_ROWS && columns * depth >= LEAST_ELEMENTS;
    }

    /**
     * Computes C = A Bᵀ, or C += A Bᵀ, for a caller that has {@linkplain WorkerPool#lock taken the cores}.
     *
     * @param a address of A, [rows][depth]
     * @param b address of B, [columns][depth]
     * @param c address of C, [rows][columns]
     */
    static void multiply(int rows, int columns, int depth, long a, long b, boolean adds, long c) {
        PackedProduct product = PackedProduct.of(rows, columns, depth, true, adds);
        synchronized (COPIES) {
            used = true;
            Copy copy = remove(b, rows, columns, depth, adds);
            if (copy == null) {
                if (COPIES.size() == KEPT) {
                    COPIES.removeFirst().arena.close();
                }
                copy = new Copy(b, rows, columns, depth, adds, product.packedBytes());
            }
            COPIES.add(copy);
            if (!copy.good) {
                product.pack(b, copy.address);
                copy.good = true;
            }
            product.multiply(a, copy.address, c);
        }
    }

    private static Copy remove(long matrix, int rows, int columns, int depth, boolean adds) {
        for (int i = COPIES.size() - 1; i >= 0; i--) {
            if (COPIES.get(i).isFor(matrix, rows, columns, depth, adds)) {
                return COPIES.remove(i);
            }
        }
        return null;
    }

    /** Says that memory is about to be written, so that copies of what it holds are no longer good. Any thread may call it. */
    public static void changed(long address, long bytes) {
        if (!used) {
            return;
        }
        synchronized (COPIES) {
            // By index: an iterator would be an object for each call.
            for (int i = 0; i < COPIES.size(); i++) {
                Copy copy = COPIES.get(i);
                copy.good &= !copy.overlaps(address, bytes);
            }
        }
    }

    /** Says that memory is about to be freed, and frees the copies of what it holds. Any thread may call it. */
    public static void freed(long address, long bytes) {
        if (!used) {
            return;
        }
        synchronized (COPIES) {
            COPIES.removeIf(copy -> {
                boolean gone = copy.overlaps(address, bytes);
                if (gone) {
                    copy.arena.close();
                }
                return gone;
            });
        }
    }
}
