package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs each arithmetic instruction in a kernel of its own, on the operands of {@code scalars.txt}. */
class ScalarsTest {
    /** A line of the table. */
    record Row(String opcode, List<Long> operands, long result, boolean doubleNaN) {
        static Row parse(String line) {
            String[] parts = line.split(": | = ");
            List<Long> operands = List.of(parts[1].split(" ")).stream().map(Row::bits).toList();
            return new Row(parts[0], operands, bits(parts[2]), parts[2].equals("nand"));
        }

        private static long bits(String value) {
            if (value.startsWith("0x")) {
                return Long.parseUnsignedLong(value.substring(2), 16);
            }
            String number = value.substring(0, value.length() - 1).replace("inf", "Infinity").replace("nan", "NaN");
            return switch (value.charAt(value.length() - 1)) {
                case 'f' -> Scalars.of(Float.parseFloat(number));
                case 'd' -> Scalars.of(Double.parseDouble(number));
                default -> Long.parseLong(value);
            };
        }
    }

    static List<Row> rows() throws IOException {
        try (var table = ScalarsTest.class.getResourceAsStream("scalars.txt")) {
            return new String(table.readAllBytes(), StandardCharsets.US_ASCII).lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#")).map(Row::parse).toList();
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void givesWhatTheIsaSays(Row row) {
        long result = run(row.opcode, row.operands);
        if (row.doubleNaN) {
            assertEquals(Double.NaN, Double.longBitsToDouble(result));
        } else {
            int width = Scalars.find(row.opcode).resultBits();
            assertEquals(Long.toHexString(row.result & -1L >>> Long.SIZE - width), Long.toHexString(result));
        }
    }

    @Test
    void everyInstructionIsInTheTable() throws IOException {
        TreeSet<String> tested = new TreeSet<>(rows().stream().map(Row::opcode).toList());
        assertEquals(new TreeSet<>(Scalars.all().keySet()), tested);
    }

    /** Decimal arithmetic is exact, so that it can be rounded towards minus infinity in one step. */
    @Test
    void fusedMultiplyAddRoundsDownWhateverItsOperands() {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            float a = Float.intBitsToFloat(random.nextInt());
            float b = random.nextBoolean() ? Float.intBitsToFloat(random.nextInt()) : (float) random.nextGaussian() / a;
            float c = random.nextBoolean() ? Float.intBitsToFloat(random.nextInt()) : -a * b;
            if (Float.isFinite(a) && Float.isFinite(b) && Float.isFinite(c)) {
                BigDecimal exact = new BigDecimal(a).multiply(new BigDecimal(b)).add(new BigDecimal(c));
                float result = FloatScalars.fmaDown(a, b, c);
                String what = a + " * " + b + " + " + c + " = " + result;
                assertEquals(true, result == Float.NEGATIVE_INFINITY || new BigDecimal(result).compareTo(exact) <= 0, what);
                float above = Math.nextUp(result);
                assertEquals(true, above == Float.POSITIVE_INFINITY || new BigDecimal(above).compareTo(exact) > 0, what);
            }
        }
    }

    /** Runs {@code opcode result, operands...} in one thread and returns the result's register. */
    private static long run(String opcode, List<Long> operands) {
        Scalar scalar = Scalars.find(opcode);
        StringBuilder parameters = new StringBuilder(".param .u64 out");
        StringBuilder body = new StringBuilder("ld.param.u64 %rd9, [out];\n");
        StringBuilder call = new StringBuilder(opcode + " " + register(scalar.resultBits(), 8));
        long[] values = new long[1 + operands.size()];
        for (int i = 0; i < operands.size(); i++) {
            int width = scalar.sourceBits()[i];
            String type = width == 64 ? "u64" : "u32";
            parameters.append(", .param .").append(type).append(" p").append(i);
            String loaded = register(Math.max(width, 32), i);
            body.append("ld.param.").append(type).append(' ').append(loaded).append(", [p").append(i).append("];\n");
            if (width == 1) {
                body.append("setp.ne.b32 %p").append(i).append(", %r").append(i).append(", 0;\n");
            } else if (width == 16) {
                body.append("cvt.u16.u32 %rs").append(i).append(", %r").append(i).append(";\n");
            }
            call.append(", ").append(register(width, i));
            values[1 + i] = operands.get(i) & -1L >>> Long.SIZE - width;
        }
        body.append(call).append(";\n");
        if (scalar.resultBits() == 1) {
            body.append("selp.b32 %r8, 1, 0, %p8;\n");
        } else if (scalar.resultBits() == 16) {
            body.append("cvt.u32.u16 %r8, %rs8;\n");
        }
        boolean wide = scalar.resultBits() == 64;
        body.append(wide ? "st.global.u64 [%rd9], %rd8;\n" : "st.global.u32 [%rd9], %r8;\n");
        Heap heap = new Heap();
        Region out = heap.allocate("out", 8, 0);
        values[0] = out.address();
        Snippets.run(heap, Snippets.kernel(parameters.toString(), body.toString()), 1, 1, values);
        return out.read(out.address(), wide ? 8 : 4);
    }

    private static String register(int width, int number) {
        return (width == 1 ? "%p" : width == 16 ? "%rs" : width == 32 ? "%r" : "%rd") + number;
    }
}
