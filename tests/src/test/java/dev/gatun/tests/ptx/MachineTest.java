package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Instructions that concern more than a lane's own registers. */
class MachineTest {
    /** Begins a kernel whose parameter is an array of ints: %r0 is the thread of the grid, %rd1 the address of its int. */
    private static final String PROLOGUE = """
            ld.param.u64 %rd0, [out];
            mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x;
            mul.lo.s32 %r0, %r0, %r1; add.s32 %r0, %r0, %r2;
            mul.wide.s32 %rd1, %r0, 4; add.s64 %rd1, %rd0, %rd1;
            """;

    private static final String EPILOGUE = "st.global.u32 [%rd1], %r9;\n";

    private static String kernel(String body) {
        return Snippets.kernel(".param .u64 out", PROLOGUE + body);
    }

    /** Returns what each thread leaves in %r9, where it does nothing wrong. */
    private static int[] run(int blocks, int threads, String body) {
        Heap heap = new Heap();
        Region out = heap.allocate("out", 4L * blocks * threads, 0);
        List<String> findings = Snippets.run(heap, kernel(body + EPILOGUE), blocks, threads, out.address());
        assertEquals(List.of(), findings);
        return out.memory().toArray(ValueLayout.JAVA_INT);
    }

    private static String findings(int blocks, int threads, String body) {
        Heap heap = new Heap();
        Region out = heap.copyOf("out", MemorySegment.ofArray(new int[blocks * threads]), 0);
        try {
            return String.join("\n", Snippets.run(heap, kernel(body), blocks, threads, out.address()));
        } catch (Fault fault) {
            return fault.getMessage();
        }
    }

    private static int[] each(int threads, IntUnaryOperator value) {
        return IntStream.range(0, threads).map(value).toArray();
    }

    @Test
    void specialRegistersTellThreadsApart() {
        String body = """
                mov.u32 %r3, %nctaid.x; mov.u32 %r4, %laneid;
                mul.lo.s32 %r9, %r0, 1000; mul.lo.s32 %r3, %r3, 100; add.s32 %r9, %r9, %r3; add.s32 %r9, %r9, %r4;
                """;
        assertArrayEquals(each(3 * 40, t -> t * 1000 + 300 + t % 40 % 32), run(3, 40, body));
    }

    @Test
    void lanesThatPartMeetAgain() {
        String body = """
                mov.u32 %r9, 0; and.b32 %r3, %r0, 3;
                loop: setp.eq.s32 %p0, %r3, 0; @%p0 bra done;
                add.s32 %r9, %r9, 10; add.s32 %r3, %r3, -1; bra.uni loop;
                done: setp.lt.s32 %p1, %r0, 7; @!%p1 add.s32 %r9, %r9, 1;
                """;
        assertArrayEquals(each(70, t -> t % 4 * 10 + (t < 7 ? 0 : 1)), run(1, 70, body));
    }

    @Test
    void lanesThatReturnDoNoMore() {
        assertEquals("", findings(1, 40, "setp.gt.s32 %p0, %r0, 3; @%p0 ret; st.global.u32 [%rd1], %r0;"));
    }

    @Test
    void halvesOfARegisterAreTakenApartAndPutTogether() {
        String body = """
                mov.b64 %rd2, {%r0, %r1}; mov.b64 {%r3, %r4}, %rd2; shl.b64 %rd3, %rd2, 32; shr.u64 %rd3, %rd3, 32;
                cvt.u32.u64 %r5, %rd3; sub.s32 %r9, %r4, %r3; add.s32 %r9, %r9, %r5;
                """;
        assertArrayEquals(each(40, t -> 40), run(1, 40, body));
    }

    @Test
    void parametersAreReadByTheirTypes() {
        Heap heap = new Heap();
        Region out = heap.allocate("out", 16, 0);
        String ptx = Snippets.kernel(".param .u64 out, .param .u32 a, .param .f32 b", """
                ld.param.u64 %rd0, [out]; ld.param.s32 %rd1, [a]; ld.param.u32 %r1, [a]; ld.param.f32 %r2, [b];
                st.global.u64 [%rd0], %rd1; st.global.u32 [%rd0+8], %r1; st.global.f32 [%rd0+12], %r2;
                """);
        Snippets.run(heap, ptx, 1, 1, out.address(), 0xffff_fffeL, Scalars.of(1.5f));
        assertEquals(-2, out.read(out.address(), 8));
        assertEquals(0xffff_fffeL, out.read(out.address() + 8, 4));
        assertEquals(Scalars.of(1.5f), out.read(out.address() + 12, 4));
    }

    /** Distance, clamp and mask; then where lane 9 reads, and whether that is in range. 31 is the whole warp, 0x1807 segments of 8. */
    @ParameterizedTest
    @CsvSource({"up, 1, 0, 8, 1", "up, 10, 0, 9, 0", "down, 1, 31, 10, 1", "down, 23, 31, 9, 0", "bfly, 16, 31, 25, 1", "bfly, 1, 31, 8, 1",
        "idx, 3, 31, 3, 1", "idx, 3, 0x1807, 11, 1",
        "down, 7, 0x1807, 9, 0", "up, 2, 0x1800, 9, 0", "up, 1, 0x1800, 8, 1",
        "bfly, 8, 0x1807, 1, 1",
        "idx, 35, 31, 3, 1"})
    void aShuffleReadsAnotherLane(String mode, int distance, String clamp, int source, int inRange) {
        String body = "mul.lo.s32 %r3, %r2, 10; shfl.sync." + mode + ".b32 %r4|%p0, %r3, " + distance + ", " + clamp
                + ", -1; selp.b32 %r5, 1, 0, %p0; add.s32 %r9, %r4, %r5;";
        assertEquals(source * 10 + inRange, run(1, 32, body)[9]);
    }

    @Test
    void aShuffleWaitsForLanesThatTookAnotherWay() {
        String body = """
                mov.u32 %r3, %r0; setp.lt.s32 %p0, %r0, 5; @%p0 bra slow; bra meet;
                slow: mul.lo.s32 %r3, %r3, 100;
                meet: shfl.sync.bfly.b32 %r9, %r3, 1, 31, -1;
                """;
        assertArrayEquals(each(32, t -> (t ^ 1) < 5 ? (t ^ 1) * 100 : t ^ 1), run(1, 32, body));
    }

    @Test
    void votesGatherPredicates() {
        String less = "setp.lt.s32 %p0, %r2, 5; ";
        assertArrayEquals(each(32, t -> 31), run(1, 32, less + "vote.sync.ballot.b32 %r9, %p0, -1;"));
        assertArrayEquals(each(32, t -> 1), run(1, 32, less + "vote.sync.any.pred %p1, %p0, -1; selp.b32 %r9, 1, 0, %p1;"));
        assertArrayEquals(each(32, t -> 0), run(1, 32, less + "vote.sync.all.pred %p1, %p0, -1; selp.b32 %r9, 1, 0, %p1;"));
        assertArrayEquals(each(5, t -> 1), run(1, 5, less + "vote.sync.all.pred %p1, %p0, 31; selp.b32 %r9, 1, 0, %p1;"));
    }

    @Test
    void sharedMemoryBelongsToABlockAndABarrierOrdersIt() {
        String body = """
                .shared .align 4 .b8 s[256];
                mov.u32 %r3, s; shl.b32 %r4, %r2, 2; add.s32 %r4, %r3, %r4; st.shared.u32 [%r4], %r0; bar.sync 0;
                sub.s32 %r5, 63, %r2; shl.b32 %r5, %r5, 2; add.s32 %r5, %r3, %r5; ld.shared.u32 %r9, [%r5];
                """;
        assertArrayEquals(each(128, t -> t / 64 * 64 + 63 - t % 64), run(2, 64, body));
        assertTrue(findings(1, 64, body.replace("bar.sync 0;", "")).matches("(?s).*(uninitialised|races with).*"));
    }

    @ParameterizedTest
    @CsvSource({"add.s32, 2016", "add.u32, 2016", "min.s32, -1", "max.s32, 63"})
    void atomicsOfAllThreadsCount(String operator, int result) {
        String body = """
                .shared .align 4 .u32 s;
                mov.u32 %r3, s; setp.eq.s32 %p0, %r2, 0; @%p0 st.shared.u32 [%r3], INITIAL; bar.sync 0;
                atom.shared.OPERATOR %r4, [%r3], %r2; bar.sync 0; ld.shared.u32 %r9, [s];
                """.replace("INITIAL", operator.startsWith("min") ? "-1" : "0").replace("OPERATOR", operator);
        assertArrayEquals(each(64, t -> result), run(1, 64, body));
    }

    @Test
    void atomicsOf64BitsCarry() {
        String body = """
                .shared .align 8 .b8 s[8];
                mov.u32 %r3, s; setp.eq.s32 %p0, %r2, 0; mov.u64 %rd4, 0xffffffff; @%p0 st.shared.u64 [%r3], %rd4; bar.sync 0;
                mov.u64 %rd5, 1; atom.shared.add.u64 %rd6, [%r3], %rd5; bar.sync 0;
                ld.shared.u64 %rd7, [s]; shr.u64 %rd7, %rd7, 32; cvt.u32.u64 %r9, %rd7;
                """;
        assertArrayEquals(each(64, t -> 1), run(1, 64, body));
    }

    @Test
    void vectorsMoveNeighbours() {
        Heap heap = new Heap();
        Region data = heap.copyOf("data", MemorySegment.ofArray(new int[] {1, 2, 3, 4, 0, 0, 0, 0}), 0);
        String ptx = Snippets.kernel(".param .u64 p", """
                ld.param.u64 %rd0, [p]; ld.global.v4.f32 {%r0, %r1, %r2, %r3}, [%rd0]; ld.global.nc.v2.u64 {%rd1, %rd2}, [%rd0];
                st.global.v2.u32 [%rd0+16], {%r3, %r2}; st.global.u64 [%rd0+24], %rd1;
                """);
        Snippets.run(heap, ptx, 1, 1, data.address());
        assertArrayEquals(new int[] {1, 2, 3, 4, 4, 3, 1, 2}, data.memory().toArray(ValueLayout.JAVA_INT));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "outside memory | st.global.u32 [%rd1+4], %r0;",
        "outside memory | ld.global.u32 %r3, [%rd0+-4];",
        "outside memory | mov.u32 %r3, 0; ld.shared.u32 %r4, [%r3];",
        "not a multiple | ld.global.u32 %r3, [%rd0+2];",
        "not a multiple | ld.global.v2.u32 {%r3, %r4}, [%rd0+4];",
        "an uninitialised register | add.s32 %r3, %r4, 1;",
        "an uninitialised register | @%p3 bra end; end: ret;",
        "races with a write by block | st.global.u32 [%rd0], %r0;",
        "races with a read by | ld.global.u32 %r3, [%rd0]; setp.eq.s32 %p0, %r0, 63; @%p0 st.global.u32 [%rd0], %r0;",
        "ld.global.nc read | ld.global.nc.u32 %r3, [%rd1]; st.global.u32 [%rd1], %r3;",
        "by ld.global.nc what was written | st.global.u32 [%rd1], %r0; ld.global.nc.u32 %r3, [%rd1];",
        "/ by zero | div.u32 %r3, %r0, 0;",
        "threads of this warp have ended | setp.gt.s32 %p0, %r2, 3; @%p0 ret; bar.sync 0;",
        "never come to | setp.gt.s32 %p0, %r2, 31; @%p0 ret; bar.sync 0;",
        "only some lanes come to | setp.gt.s32 %p0, %r2, 3; @%p0 bar.sync 0;",
        "different barriers | setp.gt.s32 %p0, %r2, 3; @%p0 bra b; bar.sync 0; bra end; b: bar.sync 0; end: ret;",
        "warps meet at different barriers | setp.gt.s32 %p0, %r2, 31; @%p0 bra b; bar.sync 0; bra end; b: bar.sync 0; end: ret;",
        "needs just the lanes | setp.gt.s32 %p0, %r2, 3; @%p0 ret; shfl.sync.bfly.b32 %r3, %r0, 1, 31, -1;",
        "needs just the lanes | setp.gt.s32 %p0, %r2, 3; @%p0 shfl.sync.bfly.b32 %r3, %r0, 1, 31, -1;",
        "needs just the lanes | shfl.sync.bfly.b32 %r3, %r0, 1, 31, 1;",
        "lanes that never come | setp.gt.s32 %p0, %r2, 3; @%p0 bra b; shfl.sync.bfly.b32 %r3, %r0, 1, 31, -1; b: bar.sync 0;",
    })
    void whatAKernelDoesWrongIsFound(String finding, String body) {
        String findings = findings(1, 64, body);
        assertTrue(findings.contains(finding) && findings.contains("PTX line"), () -> "found: " + findings);
    }

    @Test
    void uninitialisedMemoryIsFound() {
        Heap heap = new Heap();
        Region out = heap.allocate("out", 8, 0);
        String ptx = Snippets.kernel(".param .u64 p",
                "ld.param.u64 %rd0, [p]; st.global.u32 [%rd0], 1; ld.global.v2.u32 {%r0, %r1}, [%rd0];");
        List<String> findings = Snippets.run(heap, ptx, 1, 1, out.address());
        assertEquals(1, findings.size());
        assertTrue(findings.getFirst().endsWith("reads an uninitialised word, word 1 of out"), findings.getFirst());
    }

    @Test
    void blocksOfALaunchRaceAndLaunchesDoNot() {
        String add = "ld.global.u32 %r3, [%rd0]; add.s32 %r3, %r3, 1; st.global.u32 [%rd0], %r3;";
        assertTrue(findings(2, 1, add).contains("races with"));
        Heap heap = new Heap();
        Region out = heap.copyOf("out", MemorySegment.ofArray(new int[1]), 0);
        Machine machine = new Machine(heap, 1, 0);
        Kernel kernel = PtxModule.parse(kernel(add)).kernel("test");
        machine.launch(kernel, 1, 1, out.address());
        machine.launch(kernel, 1, 1, out.address());
        assertEquals(List.of(), machine.findings());
        assertEquals(2, out.memory().get(ValueLayout.JAVA_INT, 0));
    }

    @Test
    void otherSeedsInterleaveOtherwise() {
        String body = "atom.global.add.u32 %r9, [%rd0], 1; add.s64 %rd1, %rd1, 4;\n";
        Kernel kernel = PtxModule.parse(kernel(body + EPILOGUE)).kernel("test");
        long orders = IntStream.range(0, 10).mapToObj(seed -> {
            Heap heap = new Heap();
            Region out = heap.copyOf("out", MemorySegment.ofArray(new int[257]), 0);
            new Machine(heap, seed, 0).launch(kernel, 2, 128, out.address());
            return IntStream.of(out.memory().toArray(ValueLayout.JAVA_INT)).boxed().toList();
        }).distinct().count();
        assertTrue(orders > 5, "only " + orders + " orders");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void approximateResultsVaryByAFewUnitsInTheLastPlace(int ulps) {
        Kernel kernel = PtxModule.parse(kernel("ex2.approx.ftz.f32 %r9, 0f3F800000;\n" + EPILOGUE)).kernel("test");
        Heap heap = new Heap();
        Region out = heap.allocate("out", 4 * 256, 0);
        new Machine(heap, 1, ulps).launch(kernel, 1, 256, out.address());
        int[] offsets = IntStream.of(out.memory().toArray(ValueLayout.JAVA_INT)).map(bits -> bits - Float.floatToIntBits(2))
                .distinct().sorted().toArray();
        assertArrayEquals(IntStream.rangeClosed(-ulps, ulps).toArray(), offsets);
    }

    @Test
    void badLaunchesAndEndlessLoopsAreStopped() {
        Kernel kernel = PtxModule.parse(Snippets.kernel(".param .u64 out", "loop: bra loop;")).kernel("test");
        Machine machine = new Machine(new Heap(), 1, 0);
        assertThrows(Fault.class, () -> machine.launch(kernel, 0, 32, 0));
        assertThrows(Fault.class, () -> machine.launch(kernel, 1, 1025, 0));
        assertThrows(Fault.class, () -> machine.launch(kernel, 1, 32));
        machine.limit(1000);
        assertThrows(Fault.class, () -> machine.launch(kernel, 1, 32, 0));
    }
}
