package dev.gatun.tests.ptx;

import dev.gatun.tests.ptx.Operation.Address;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Collects a kernel's registers, shared variables, labels and instructions. What it does not know, or operands of another width
 * than the instruction's type, it refuses; ptxas also tells floats from integers, which changes no result.
 */
final class KernelBuilder {
    private static final Pattern REGISTERS = Pattern.compile("\\.reg \\.(pred|b16|b32|f32|b64|f64) (%\\w+?)<(\\d+)>");
    private static final Pattern SHARED = Pattern.compile("\\.shared \\.align (\\d+) \\.(b8|u32) ([\\w$]+)(?:\\[(\\d+)])?");
    private static final Pattern GUARDED = Pattern.compile("@(!?)(%\\w+) (.*)");
    private static final Pattern NUMBER = Pattern.compile("(-?)(?:0x([0-9a-fA-F]+)|(\\d+))");
    private static final Pattern FLOAT = Pattern.compile("0[fF]([0-9a-fA-F]{8})|0[dD]([0-9a-fA-F]{16})");
    private static final Pattern ADDRESS = Pattern.compile("\\[([%\\w$]+)(?:\\+(-?\\d+))?]");
    private static final Set<String> SPECIALS = Set.of("%tid.x", "%ntid.x", "%ctaid.x", "%nctaid.x", "%laneid");

    private final String name;
    private final Map<String, String> parameters;
    private final int maxThreads;
    private final Map<String, Integer> registers = new HashMap<>();
    private final List<Integer> widths = new ArrayList<>();
    private final Map<List<Long>, Integer> constants = new LinkedHashMap<>();
    private final Map<String, Integer> shared = new HashMap<>();
    private final Map<String, Integer> labels = new HashMap<>();
    private final Map<Integer, String> branches = new HashMap<>();
    private final List<Instruction> code = new ArrayList<>();
    private int sharedBytes;
    private int line;

    /** Begins a kernel; parameters are types by name. */
    KernelBuilder(String name, Map<String, String> parameters, int maxThreads) {
        this.name = name;
        this.parameters = parameters;
        this.maxThreads = maxThreads;
    }

    void label(String label) {
        labels.put(label, code.size());
    }

    /** Takes a declaration or an instruction, its white space reduced to single spaces and without the semicolon. */
    void statement(String text, int atLine) {
        line = atLine;
        if (text.startsWith(".")) {
            declare(text);
            return;
        }
        Matcher guarded = GUARDED.matcher(text);
        boolean hasGuard = guarded.matches();
        int guard = hasGuard ? register(guarded.group(2), 1) : Operation.NONE;
        String[] parts = (hasGuard ? guarded.group(3) : text).split(" ", 2);
        List<String> operands = parts.length == 1 ? List.of() : PtxParser.operands(parts[1]);
        if (parts[0].equals("bra") || parts[0].equals("bra.uni")) {
            require(operands.size() == 1, "expected a label");
            branches.put(code.size(), operands.getFirst());
            add(text, guard, hasGuard && !guarded.group(1).isEmpty(), new Operation.Branch(0));
        } else {
            add(text, guard, hasGuard && !guarded.group(1).isEmpty(), new OperationParser(this, parts[0], operands).parse());
        }
    }

    private void add(String text, int guard, boolean negated, Operation operation) {
        int[] sources = switch (operation) {
            case Operation.Compute(Scalar scalar, int d, int a, int b, int c) ->
                    Arrays.copyOf(new int[] {a, b, c}, scalar.sourceBits().length);
            case Operation.Pack(int d, int low, int high) -> new int[] {low, high};
            case Operation.Unpack unpack -> new int[] {unpack.a()};
            case Operation.Load load -> new int[] {load.address().base()};
            case Operation.Store store -> {
                int[] read = Arrays.copyOf(store.registers(), store.registers().length + 1);
                read[store.registers().length] = store.address().base();
                yield read;
            }
            case Operation.Atomic atomic -> new int[] {atomic.address().base(), atomic.value()};
            case Operation.Shuffle shuffle -> new int[] {shuffle.a(), shuffle.distance(), shuffle.clamp(), shuffle.members()};
            case Operation.Vote vote -> new int[] {vote.predicate(), vote.members()};
            case Operation.LoadParameter _, Operation.Branch _, Operation.Return _, Operation.Barrier _ -> new int[0];
        };
        code.add(new Instruction(line, text, guard, negated, operation, sources));
    }

    private void declare(String text) {
        Matcher matcher = REGISTERS.matcher(text);
        if (matcher.matches()) {
            int width = matcher.group(1).equals("pred") ? 1 : Integer.parseInt(matcher.group(1).substring(1));
            for (int i = 0; i < Integer.parseInt(matcher.group(3)); i++) {
                registers.put(matcher.group(2) + i, newRegister(width));
            }
            return;
        }
        matcher = SHARED.matcher(text);
        if (matcher.matches()) {
            int alignment = Integer.parseInt(matcher.group(1));
            int address = (sharedBytes + alignment - 1) / alignment * alignment;
            int elements = matcher.group(4) == null ? 1 : Integer.parseInt(matcher.group(4));
            shared.put(matcher.group(3), address);
            sharedBytes = address + elements * (matcher.group(2).equals("b8") ? 1 : Integer.BYTES);
            return;
        }
        require(text.startsWith(".pragma "), "unknown directive");
    }

    private int newRegister(int width) {
        widths.add(width);
        return widths.size() - 1;
    }

    /** Returns the number of a declared register. */
    int register(String operand, int width) {
        Integer register = registers.get(operand);
        require(register != null, "'" + operand + "' is not a declared register");
        require(widths.get(register) == width, operand + " is " + widths.get(register) + " bits wide, expected " + width);
        return register;
    }

    /** Returns whether an operand is a register of 64 bits. */
    boolean isWide(String operand) {
        return registers.containsKey(operand) && widths.get(registers.get(operand)) == 64;
    }

    /** Returns the number of a register that holds an operand: a register, a constant, an address of shared memory. */
    int source(String operand, int width) {
        if (SPECIALS.contains(operand)) {
            require(width == 32, operand + " is 32 bits wide");
            return registers.computeIfAbsent(operand, special -> newRegister(32));
        }
        if (operand.startsWith("%")) {
            return register(operand, width);
        }
        long value;
        Matcher number = NUMBER.matcher(operand);
        Matcher real = FLOAT.matcher(operand);
        if (number.matches()) {
            value = number.group(2) != null ? Long.parseUnsignedLong(number.group(2), 16) : Long.parseUnsignedLong(number.group(3));
            value = number.group(1).isEmpty() ? value : -value;
        } else if (real.matches()) {
            require(width == (real.group(1) == null ? 64 : 32), "a constant of another type");
            value = Long.parseUnsignedLong(real.group(1) == null ? real.group(2) : real.group(1), 16);
        } else {
            require(shared.containsKey(operand), "unknown operand '" + operand + "'");
            value = shared.get(operand);
        }
        return constants.computeIfAbsent(List.of(value & -1L >>> Long.SIZE - width, (long) width), constant -> newRegister(width));
    }

    /** Reads {@code [register+offset]}; addresses of shared memory have 32 or 64 bits. */
    Address address(String operand, Operation.Space space) {
        Matcher matcher = ADDRESS.matcher(operand);
        require(matcher.matches(), "expected an address in brackets: " + operand);
        Integer base = registers.get(matcher.group(1));
        boolean narrow = space == Operation.Space.SHARED && (base == null || widths.get(base) == 32);
        return new Address(source(matcher.group(1), narrow ? 32 : 64), matcher.group(2) == null ? 0 : Long.parseLong(matcher.group(2)));
    }

    /** Returns the index of a parameter of a type. */
    int parameter(String operand, String type) {
        require(operand.startsWith("[") && operand.endsWith("]"), "expected a parameter in brackets: " + operand);
        String parameter = operand.substring(1, operand.length() - 1);
        int index = List.copyOf(parameters.keySet()).indexOf(parameter);
        require(index >= 0, "no parameter " + parameter);
        String declared = parameters.get(parameter);
        require(declared.substring(1).equals(type.substring(1)) && declared.startsWith("f") == type.startsWith("f"),
                parameter + " is ." + declared + ", read as ." + type);
        return index;
    }

    void require(boolean condition, String message) {
        if (!condition) {
            throw new PtxException(line, "kernel " + name + ": " + message);
        }
    }

    Kernel build() {
        add("ret (end of the kernel)", Operation.NONE, false, new Operation.Return());
        branches.forEach((index, label) -> {
            Instruction branch = code.get(index);
            line = branch.line();
            require(labels.containsKey(label), "no label " + label);
            code.set(index, new Instruction(line, branch.text(), branch.guard(), branch.negated(),
                    new Operation.Branch(labels.get(label)), branch.sources()));
        });
        Map<Integer, Long> values = new HashMap<>();
        constants.forEach((constant, register) -> values.put(register, constant.getFirst()));
        Map<Integer, String> specials = new HashMap<>();
        SPECIALS.stream().filter(registers::containsKey).forEach(special -> specials.put(registers.get(special), special));
        return new Kernel(name, List.copyOf(parameters.values()), widths.size(), values, specials, sharedBytes, maxThreads,
                code.toArray(Instruction[]::new));
    }
}
