package dev.gatun.tests.ptx;

import dev.gatun.tests.ptx.Operation.Space;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongBinaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one instruction without its guard. An opcode is known with all its modifiers or not at all. */
final class OperationParser {
    private static final Pattern LOAD_PARAMETER = Pattern.compile("ld\\.param\\.([us]32|[us]64|f32|f64)");
    private static final Pattern LOAD =
            Pattern.compile("ld\\.(?:(global)(\\.nc)?|(shared))(?:\\.v([24]))?\\.(?:[us](16|32|64)|f(32|64))");
    private static final Pattern STORE = Pattern.compile("st\\.(global|shared)(?:\\.v([24]))?\\.(?:[us](16|32|64)|f(32|64))");
    private static final Pattern ATOMIC = Pattern.compile("atom\\.(global|shared)\\.((?:min|max|add)\\.[su](32|64))");
    private static final Pattern SHUFFLE = Pattern.compile("shfl\\.sync\\.(up|down|bfly|idx)\\.b32");
    private static final Pattern VOTE = Pattern.compile("vote\\.sync\\.(?:(all|any)\\.pred|(ballot)\\.b32)");
    private static final Map<String, LongBinaryOperator> ATOMICS = Map.of("min.s32", (a, b) -> Scalars.of(Math.min((int) a, (int) b)),
            "max.s32", (a, b) -> Scalars.of(Math.max((int) a, (int) b)), "add.s32", (a, b) -> Scalars.of((int) (a + b)),
            "add.u32", (a, b) -> Scalars.of((int) (a + b)), "add.u64", Long::sum);

    private final KernelBuilder kernel;
    private final String opcode;
    private final List<String> operands;

    OperationParser(KernelBuilder kernel, String opcode, List<String> operands) {
        this.kernel = kernel;
        this.opcode = opcode;
        this.operands = operands;
    }

    Operation parse() {
        if (opcode.equals("mov.b64") && operands.size() == 2) {
            if (operands.get(1).startsWith("{")) {
                int[] halves = vector(operands.get(1), 2, 32, true);
                return new Operation.Pack(kernel.register(operands.get(0), 64), halves[0], halves[1]);
            }
            if (operands.get(0).startsWith("{")) {
                int[] halves = vector(operands.get(0), 2, 32, false);
                return new Operation.Unpack(halves[0], halves[1], kernel.source(operands.get(1), 64));
            }
        }
        Scalar scalar = Scalars.find(opcode);
        return scalar != null ? compute(scalar) : special();
    }

    private Operation compute(Scalar scalar) {
        int[] widths = scalar.sourceBits();
        expect(1 + widths.length);
        int[] sources = new int[3];
        for (int i = 0; i < widths.length; i++) {
            sources[i] = kernel.source(operands.get(1 + i), widths[i]);
        }
        return new Operation.Compute(scalar, kernel.register(operands.getFirst(), scalar.resultBits()), sources[0], sources[1], sources[2]);
    }

    private Operation special() {
        Matcher match;
        if ((match = LOAD_PARAMETER.matcher(opcode)).matches()) {
            expect(2);
            boolean extend = match.group(1).equals("s32") && kernel.isWide(operands.get(0));
            int width = extend ? 64 : Integer.parseInt(match.group(1).substring(1));
            return new Operation.LoadParameter(kernel.register(operands.get(0), width), kernel.parameter(operands.get(1), match.group(1)),
                    extend);
        }
        if ((match = LOAD.matcher(opcode)).matches()) {
            expect(2);
            Space space = match.group(1) != null ? Space.GLOBAL : Space.SHARED;
            int width = width(match.group(5), match.group(6));
            int[] registers = vector(operands.get(0), length(match.group(4)), width, false);
            return new Operation.Load(space, match.group(2) != null, width / 8, registers, kernel.address(operands.get(1), space));
        }
        if ((match = STORE.matcher(opcode)).matches()) {
            expect(2);
            Space space = space(match.group(1));
            int width = width(match.group(3), match.group(4));
            int[] registers = vector(operands.get(1), length(match.group(2)), width, true);
            return new Operation.Store(space, width / 8, registers, kernel.address(operands.get(0), space));
        }
        if ((match = ATOMIC.matcher(opcode)).matches()) {
            expect(3);
            Space space = space(match.group(1));
            int width = Integer.parseInt(match.group(3));
            LongBinaryOperator operator = ATOMICS.get(match.group(2));
            kernel.require(operator != null, "unknown instruction " + opcode);
            return new Operation.Atomic(space, width / 8, operator, kernel.register(operands.get(0), width),
                    kernel.address(operands.get(1), space), kernel.source(operands.get(2), width));
        }
        if ((match = SHUFFLE.matcher(opcode)).matches()) {
            expect(5);
            String[] results = operands.getFirst().split("\\|");
            return new Operation.Shuffle(Operation.ShuffleMode.valueOf(match.group(1).toUpperCase(Locale.ROOT)),
                    kernel.register(results[0], 32), results.length == 1 ? Operation.NONE : kernel.register(results[1], 1),
                    source(1, 32), source(2, 32), source(3, 32), source(4, 32));
        }
        if ((match = VOTE.matcher(opcode)).matches()) {
            expect(3);
            boolean ballot = match.group(1) == null;
            return new Operation.Vote(Operation.VoteMode.valueOf(match.group(ballot ? 2 : 1).toUpperCase(Locale.ROOT)),
                    kernel.register(operands.getFirst(), ballot ? 32 : 1), source(1, 1), source(2, 32));
        }
        if (opcode.equals("bar.sync")) {
            kernel.require(operands.equals(List.of("0")), "expected barrier 0 for the whole block");
            return new Operation.Barrier();
        }
        kernel.require(opcode.equals("ret"), "unknown instruction " + opcode);
        expect(0);
        return new Operation.Return();
    }

    private int source(int operand, int width) {
        return kernel.source(operands.get(operand), width);
    }

    private void expect(int count) {
        kernel.require(operands.size() == count, opcode + " takes " + count + " operands, found " + operands);
    }

    private static Space space(String name) {
        return Space.valueOf(name.toUpperCase(Locale.ROOT));
    }

    private static int width(String integer, String real) {
        return Integer.parseInt(integer != null ? integer : real);
    }

    private static int length(String vector) {
        return vector == null ? 1 : Integer.parseInt(vector);
    }

    /** Reads {@code {a, b}}, or a single operand where the length is 1. */
    private int[] vector(String operand, int length, int width, boolean source) {
        boolean braces = operand.startsWith("{") && operand.endsWith("}");
        kernel.require(braces == length > 1, "expected " + length + " registers: " + operand);
        List<String> elements = braces ? PtxParser.operands(operand.substring(1, operand.length() - 1)) : List.of(operand);
        kernel.require(elements.size() == length, "expected " + length + " registers: " + operand);
        return elements.stream().mapToInt(e -> source ? kernel.source(e, width) : kernel.register(e, width)).toArray();
    }
}
