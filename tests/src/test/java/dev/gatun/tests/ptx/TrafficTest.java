package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrafficTest {
    /** Two blocks of 64 threads, four warps in all; %rd1 is stride times the thread of its block into an array. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "4 | 512 | 16 | 256 | ld.global.u32 %r3, [%rd1];", // each block reads the same 256 bytes
        "4 | 1024 | 32 | 512 | ld.global.u32 %r3, [%rd1]; ld.global.u32 %r3, [%rd1];",
        "0 | 16 | 4 | 8 | ld.global.u32 %r3, [%rd1];", // broadcast: a word a warp; each block's two warps read it
        "32 | 512 | 128 | 256 | ld.global.u32 %r3, [%rd1];", // a sector for each word
        "16 | 2048 | 64 | 1024 | ld.global.v4.u32 {%r3, %r4, %r5, %r6}, [%rd1];",
        "8 | 1024 | 32 | 512 | ld.global.u64 %rd2, [%rd1];",
        "4 | 256 | 8 | 128 | setp.lt.s32 %p0, %r2, 32; @%p0 ld.global.u32 %r3, [%rd1];",
        "4 | 0 | 0 | 0 | mov.b64 %rd2, {%r2, %r2};"})
    void accessesAreCountedInBytesAndSectors(int stride, long requested, long sectors, long moved, String body) {
        Heap heap = new Heap();
        Region data = heap.copyOf("data", MemorySegment.ofArray(new int[1024]), 0);
        Machine machine = new Machine(heap, 1, 0);
        Traffic traffic = new Traffic();
        machine.traffic(traffic);
        String ptx = Snippets.kernel(".param .u64 p, .param .u32 stride", """
                ld.param.u64 %rd0, [p]; ld.param.u32 %r1, [stride]; mov.u32 %r2, %tid.x;
                mul.wide.s32 %rd1, %r2, %r1; add.s64 %rd1, %rd0, %rd1;
                """ + body);
        machine.launch(PtxModule.parse(ptx).kernel("test"), 2, 64, data.address(), stride);
        assertEquals(requested, traffic.requestedBytes());
        assertEquals(sectors, traffic.sectors());
        assertEquals(moved, traffic.movedBytes());
    }
}
