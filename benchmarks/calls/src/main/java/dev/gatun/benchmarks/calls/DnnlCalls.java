package dev.gatun.benchmarks.calls;

import dev.gatun.host.generated.dnnl.Dnnl;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.IntPointer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The same functions of oneDNN through Gatun's generated layer and through JavaCPP, which calls by JNI. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class DnnlCalls {
    private static final long[] DIMS = {20, 30, 128};
    private static final long[] STRIDES = {3840, 128, 1};

    /** A descriptor in segments. */
    @State(Scope.Thread)
    public static class Generated {
        private final Arena arena = Arena.global();
        private final MemorySegment pointer = arena.allocate(Dnnl.C_POINTER);
        private final MemorySegment result = arena.allocate(Dnnl.C_INT);
        private MemorySegment descriptor;

        /** Makes it. */
        @Setup(Level.Trial)
        public void setup() {
            check(Dnnl.dnnl_memory_desc_create_with_strides(pointer, DIMS.length, arena.allocateFrom(Dnnl.C_LONG, DIMS),
                    Dnnl.dnnl_f32(), arena.allocateFrom(Dnnl.C_LONG, STRIDES)));
            descriptor = pointer.get(Dnnl.C_POINTER, 0);
        }
    }

    /** A descriptor in JavaCPP's pointers. */
    @State(Scope.Thread)
    public static class JavaCpp {
        private final dnnl_memory_desc descriptor = new dnnl_memory_desc();
        private final dnnl_memory_desc clone = new dnnl_memory_desc();
        private final IntPointer result = new IntPointer(1);

        /** Makes it. */
        @Setup(Level.Trial)
        public void setup() {
            check(dnnl.dnnl_memory_desc_create_with_strides(descriptor, DIMS.length, DIMS, dnnl.dnnl_f32, STRIDES));
        }
    }

    private static void check(int status) {
        if (status != 0) {
            throw new IllegalStateException("oneDNN returned " + status);
        }
    }

    /** {@code dnnl_memory_desc_query}, of three arguments. */
    @Benchmark
    public int queryGenerated(Generated state) {
        return Dnnl.dnnl_memory_desc_query(state.descriptor, Dnnl.dnnl_query_ndims_s32(), state.result);
    }

    /** {@code dnnl_memory_desc_query}, of three arguments. */
    @Benchmark
    public int queryJavaCpp(JavaCpp state) {
        return dnnl.dnnl_memory_desc_query(state.descriptor, dnnl.dnnl_query_ndims_s32, state.result);
    }

    /** A descriptor cloned and destroyed: two calls. */
    @Benchmark
    public int cloneGenerated(Generated state) {
        int status = Dnnl.dnnl_memory_desc_clone(state.pointer, state.descriptor);
        return status | Dnnl.dnnl_memory_desc_destroy(state.pointer.get(Dnnl.C_POINTER, 0));
    }

    /** A descriptor cloned and destroyed: two calls. */
    @Benchmark
    public int cloneJavaCpp(JavaCpp state) {
        int status = dnnl.dnnl_memory_desc_clone(state.clone, state.descriptor);
        return status | dnnl.dnnl_memory_desc_destroy(state.clone);
    }
}
