package dev.gatun.host.compute;

import static dev.gatun.host.compute.Primitives.check;
import static dev.gatun.host.compute.Primitives.create;

import dev.gatun.host.generated.dnnl.Dnnl;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Products of a few rows with a matrix that many of them share: C = A B or C += A B, with A [rows][depth], B
 * [depth][columns] and C [rows][columns]. {@link #pack} copies B into the blocked layout of oneDNN's choice; a product of 20
 * rows with 16 MiB of B then runs up to four times as fast as {@code dnnl_sgemm}, which has to rearrange B on every call.
 *
 * <p>A product holds oneDNN's objects for its sizes; those lately used are kept. Used by one thread at a time, which has
 * {@linkplain WorkerPool#lock taken the cores}.
 */
final class PackedProduct {
    private static final int KEPT = 16;

    private record Sizes(int rows, int columns, int depth, boolean transposed, boolean adds) {}

    /** The one used last stands last. A map would want a key object for each look-up. */
    private static final List<PackedProduct> PRODUCTS = new ArrayList<>(KEPT);

    private final Sizes sizes;
    private final Arena arena = Arena.ofShared();
    private final long packedBytes;
    private final MemorySegment plain;
    private final MemorySegment packed;
    private final MemorySegment factor;
    private final MemorySegment result;
    private final MemorySegment pack;
    private final MemorySegment packArguments;
    private final MemorySegment multiply;
    private final MemorySegment multiplyArguments;

    private PackedProduct(Sizes s) {
        sizes = s;
        MemorySegment plainLayout = Primitives.matrix(s.depth, s.columns, s.transposed ? Dnnl.dnnl_ba() : Dnnl.dnnl_ab());
        MemorySegment product = description(s);
        // Belongs to the description of the product.
        MemorySegment packedLayout = Dnnl.dnnl_primitive_desc_query_md(product, Dnnl.dnnl_query_weights_md(), 0);
        MemorySegment reorder = create("dnnl_reorder_primitive_desc_create", out -> Dnnl.dnnl_reorder_primitive_desc_create(out,
                plainLayout, Primitives.ENGINE, packedLayout, Primitives.ENGINE, MemorySegment.NULL));
        packedBytes = Dnnl.dnnl_memory_desc_get_size(packedLayout);
        plain = Primitives.memory(plainLayout);
        packed = Primitives.memory(packedLayout);
        factor = Primitives.memory(Dnnl.dnnl_primitive_desc_query_md(product, Dnnl.dnnl_query_src_md(), 0));
        result = Primitives.memory(Dnnl.dnnl_primitive_desc_query_md(product, Dnnl.dnnl_query_dst_md(), 0));
        pack = create("dnnl_primitive_create", out -> Dnnl.dnnl_primitive_create(out, reorder));
        packArguments = Primitives.arguments(arena, new int[] {Dnnl.DNNL_ARG_FROM(), Dnnl.DNNL_ARG_TO()}, plain, packed);
        multiply = create("dnnl_primitive_create", out -> Dnnl.dnnl_primitive_create(out, product));
        multiplyArguments = Primitives.arguments(arena, new int[] {Dnnl.DNNL_ARG_SRC(), Dnnl.DNNL_ARG_WEIGHTS(), Dnnl.DNNL_ARG_DST()},
                factor, packed, result);
        Dnnl.dnnl_primitive_desc_destroy(reorder);
        Dnnl.dnnl_primitive_desc_destroy(product);
        Dnnl.dnnl_memory_desc_destroy(plainLayout);
    }

    private static MemorySegment description(Sizes s) {
        MemorySegment factor = Primitives.matrix(s.rows, s.depth, Dnnl.dnnl_ab());
        MemorySegment weights = Primitives.matrix(s.depth, s.columns, Dnnl.dnnl_format_tag_any());
        MemorySegment result = Primitives.matrix(s.rows, s.columns, Dnnl.dnnl_ab());
        MemorySegment attributes = create("dnnl_primitive_attr_create", Dnnl::dnnl_primitive_attr_create);
        MemorySegment after = create("dnnl_post_ops_create", Dnnl::dnnl_post_ops_create);
        if (s.adds) {
            check(Dnnl.dnnl_post_ops_append_sum(after, 1, 0, Dnnl.dnnl_f32()), "dnnl_post_ops_append_sum");
        }
        check(Dnnl.dnnl_primitive_attr_set_post_ops(attributes, after), "dnnl_primitive_attr_set_post_ops");
        MemorySegment description = create("dnnl_matmul_primitive_desc_create", out -> Dnnl.dnnl_matmul_primitive_desc_create(out,
                Primitives.ENGINE, factor, weights, MemorySegment.NULL, result, attributes));
        Dnnl.dnnl_post_ops_destroy(after);
        Dnnl.dnnl_primitive_attr_destroy(attributes);
        Dnnl.dnnl_memory_desc_destroy(result);
        Dnnl.dnnl_memory_desc_destroy(weights);
        Dnnl.dnnl_memory_desc_destroy(factor);
        return description;
    }

    /**
     * Returns the product for these sizes.
     *
     * @param transposed whether {@link #pack} is given B as its transpose, [columns][depth]
     * @param adds whether A B is added to C
     */
    static PackedProduct of(int rows, int columns, int depth, boolean transposed, boolean adds) {
        PackedProduct product = remove(rows, columns, depth, transposed, adds);
        if (product == null) {
            product = new PackedProduct(new Sizes(rows, columns, depth, transposed, adds));
            if (PRODUCTS.size() == KEPT) {
                PRODUCTS.removeFirst().close();
            }
        }
        PRODUCTS.add(product);
        return product;
    }

    private static PackedProduct remove(int rows, int columns, int depth, boolean transposed, boolean adds) {
        for (int i = PRODUCTS.size() - 1; i >= 0; i--) {
            Sizes s = PRODUCTS.get(i).sizes;
            if (s.rows == rows && s.columns == columns && s.depth == depth && s.transposed == transposed && s.adds == adds) {
                return PRODUCTS.remove(i);
            }
        }
        return null;
    }

    /** Returns the bytes of B as {@link #pack} writes it. */
    long packedBytes() {
        return packedBytes;
    }

    /** Copies B from {@code matrix} to {@code packedMatrix}, where {@link #multiply} reads it. */
    void pack(long matrix, long packedMatrix) {
        Primitives.place(plain, matrix);
        Primitives.place(packed, packedMatrix);
        Primitives.execute(pack, 2, packArguments);
    }

    /** Multiplies by the B that was packed last. */
    void multiply(long a, long c) {
        Primitives.place(factor, a);
        Primitives.place(result, c);
        Primitives.execute(multiply, 3, multiplyArguments);
    }

    /** Multiplies by a B that {@link #pack} wrote to {@code packedMatrix}, for these sizes. */
    void multiply(long a, long packedMatrix, long c) {
        Primitives.place(packed, packedMatrix);
        multiply(a, c);
    }

    private void close() {
        Dnnl.dnnl_primitive_destroy(multiply);
        Dnnl.dnnl_primitive_destroy(pack);
        Dnnl.dnnl_memory_destroy(plain);
        Dnnl.dnnl_memory_destroy(packed);
        Dnnl.dnnl_memory_destroy(factor);
        Dnnl.dnnl_memory_destroy(result);
        arena.close();
    }
}
