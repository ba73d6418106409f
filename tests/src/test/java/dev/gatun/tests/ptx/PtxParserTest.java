package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.lm.kernels.LmKernelTwins;
import dev.gatun.lm.kernels.LmPtx;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PtxParserTest {
    private static String refusal(String body) {
        return assertThrows(PtxException.class, () -> PtxModule.parse(Snippets.kernel(".param .u64 p", body))).getMessage();
    }

    @Test
    void everyInstructionOfTheShippedKernelsIsKnown() {
        assertEquals(new LmKernelTwins().byName().keySet(), PtxModule.parse(LmPtx.text()).kernels().keySet());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "add.f32 %r0, %r1, %r2;", "add.rn.ftz.f32 %r0, %r1, %r2;", "add.s16 %r0, %r1, %r2;", "frob.s32 %r0;",
        "ld.global.volatile.u32 %r0, [%rd0];", "ld.shared.nc.u32 %r0, [%r1];", "ld.u32 %r0, [%rd0];", "ld.global.u8 %r0, [%rd0];",
        "shfl.bfly.b32 %r0, %r1, 1, 31;",
        "vote.ballot.b32 %r0, %p0;", "atom.shared.cas.b32 %r0, [%r1], %r2, %r3;", "bar.sync 1;", "bar.sync 0, 32;", "ret.uni;", "call f;",
        "setp.eq.and.s32 %p0, %r0, %r1, %p1;", "cvt.rzi.s32.f32 %r0, %r1;", "{ }", ".local .align 4 .b8 l[4];"})
    void whatIsNotImplementedIsRefused(String statement) {
        String message = refusal("mov.u32 %r0, 1;\n" + statement);
        assertTrue(message.startsWith("PTX line 8: "), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "add.s32 %rd0, %r1, %r2;", "add.s64 %rd0, %r1, %rd2;", "add.s32 %r0, %r1;", "add.s32 %r0, %r1, %r2, %r3;", "mov.u32 %r10, 1;",
        "mov.u32 %r0, x;", "mov.u32 %r0, 0d0000000000000000;", "ld.global.v2.u32 {%r0}, [%rd0];", "ld.global.u32 {%r0}, [%rd0];",
        "ld.global.u32 %r0, [%r1];", "ld.global.u32 %r0, %rd1;", "ld.param.u32 %r0, [p];", "ld.param.u64 %rd0, [q];", "bra nowhere;",
        "@%r0 bra nowhere;", "selp.b32 %r0, %r1, %r2, %r3;", "mov.u64 %rd0, %tid.x;"})
    void operandsThatDoNotFitAreRefused(String statement) {
        assertTrue(refusal(statement).contains("kernel test: "));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", ".version 8.0\n.target sm_75\n.address_size 32\n",
        ".version 8.0\n.target sm_75\n.address_size 64\n.func f() {}",
        ".version 8.0\n.target sm_75\n.address_size 64\n.visible .entry test() { ret;"})
    void aModuleOfAnotherShapeIsRefused(String ptx) {
        assertThrows(PtxException.class, () -> PtxModule.parse(ptx));
    }

    @Test
    void constantsSharedVariablesAndGuardsAreRead() {
        Kernel kernel = PtxModule.parse(Snippets.kernel(".param .u64 p, .param .f32 q", """
                .shared .align 4 .b8 a[6]; .shared .align 8 .b8 b[16];
                .pragma "nounroll"; // a comment; with a semicolon
                mov.u32 %r0, b; /* two
                lines; */ @!%p1 mov.b64 %rd0, -1;
                mov.f32 %r1, 0f3F800000;
                """)).kernel("test");
        assertEquals(List.of("u64", "f32"), kernel.parameters());
        assertEquals(24, kernel.sharedBytes());
        assertTrue(kernel.constants().values().containsAll(List.of(8L, -1L, 0x3F800000L)), kernel.constants().toString());
        Instruction second = kernel.code()[1];
        assertEquals(10, second.line());
        assertTrue(second.negated());
    }
}
