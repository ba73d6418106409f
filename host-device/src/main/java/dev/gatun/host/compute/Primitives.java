package dev.gatun.host.compute;

import dev.gatun.host.CFunction;
import dev.gatun.host.OneDnn;
import dev.gatun.host.generated.dnnl.Dnnl;
import dev.gatun.host.generated.dnnl.dnnl_exec_arg_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** oneDNN's engine and stream, and the habits of its C API: a status from every function, objects in out-parameters. */
final class Primitives {
    static final MemorySegment ENGINE = create("dnnl_engine_create", out -> Dnnl.dnnl_engine_create(out, Dnnl.dnnl_cpu(), 0));
    static final MemorySegment STREAM = create("dnnl_stream_create",
            out -> Dnnl.dnnl_stream_create(out, ENGINE, Dnnl.dnnl_stream_default_flags()));

    private static final CFunction SET_DATA_HANDLE = OneDnn.function("dnnl_memory_set_data_handle");
    private static final CFunction EXECUTE = OneDnn.function("dnnl_primitive_execute");

    private Primitives() {}

    /** A function that writes the handle of a new object. */
    @FunctionalInterface
    interface Constructor {
        int create(MemorySegment out);
    }

    static MemorySegment create(String function, Constructor constructor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            check(constructor.create(out), function);
            return out.get(ValueLayout.ADDRESS, 0);
        }
    }

    static void check(int status, String function) {
        if (status != Dnnl.dnnl_success()) {
            String meaning = status == Dnnl.dnnl_out_of_memory() ? " (out of memory)"
                    : status == Dnnl.dnnl_unimplemented() ? " (not implemented for these sizes on this processor)" : "";
            throw new IllegalStateException(function + " failed with status " + status + meaning);
        }
    }

    /** Describes a packed matrix of floats whose memory format is the tag's. */
    static MemorySegment matrix(long rows, long columns, int formatTag) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sizes = arena.allocateFrom(ValueLayout.JAVA_LONG, rows, columns);
            return create("dnnl_memory_desc_create_with_tag",
                    out -> Dnnl.dnnl_memory_desc_create_with_tag(out, 2, sizes, Dnnl.dnnl_f32(), formatTag));
        }
    }

    /** Returns an object that says where memory of this description is: nowhere, until {@link #place}. */
    static MemorySegment memory(MemorySegment description) {
        return create("dnnl_memory_create", out -> Dnnl.dnnl_memory_create(out, description, ENGINE, MemorySegment.NULL));
    }

    static void place(MemorySegment memory, long address) {
        check((int) SET_DATA_HANDLE.call(memory.address(), address), "dnnl_memory_set_data_handle");
    }

    /** Returns an array of arguments: {@code names[k]} is one of {@code DNNL_ARG_*}. */
    static MemorySegment arguments(SegmentAllocator allocator, int[] names, MemorySegment... memories) {
        MemorySegment arguments = dnnl_exec_arg_t.allocateArray(names.length, allocator);
        for (int k = 0; k < names.length; k++) {
            MemorySegment argument = dnnl_exec_arg_t.asSlice(arguments, k);
            dnnl_exec_arg_t.arg(argument, names[k]);
            dnnl_exec_arg_t.memory(argument, memories[k]);
        }
        return arguments;
    }

    static void execute(MemorySegment primitive, int count, MemorySegment arguments) {
        check((int) EXECUTE.call(primitive.address(), STREAM.address(), count, arguments.address()), "dnnl_primitive_execute");
    }
}
