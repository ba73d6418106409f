package dev.gatun.tests.ptx;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A kernel with one instruction changed.
 *
 * @param kernel its name
 * @param line the line of the module's text
 * @param before the instruction
 * @param after what stands in its place; empty where it was taken away
 */
record Mutant(String kernel, int line, String before, String after) {
    private static final Pattern ENTRY = Pattern.compile("\\.visible \\.entry (\\w+)\\(");
    private static final Pattern INSTRUCTION = Pattern.compile("\\s*(@!?%p\\d+ )?([a-z]\\S*)(.*);");
    private static final Pattern LAST_NUMBER = Pattern.compile("(.*, )(-?\\d+)");
    private static final Pattern FLOAT_CONSTANT = Pattern.compile("(.*0f)([0-9A-F]{8})(.*)");
    private static final Pattern OFFSET = Pattern.compile("(.*\\[%\\w+\\+)(\\d+)(].*)");

    /** Opcodes, or their beginnings, and what they are taken for. */
    private static final String[][] SWAPS = {
        {"add.rn.", "sub.rn."}, {"sub.rn.", "add.rn."}, {"mul.rn.", "add.rn."}, {"add.s", "sub.s"}, {"sub.s", "add.s"},
        {"div.rn.", "mul.rn."}, {"max.f32", "min.f32"}, {"max.u32", "min.u32"}, {"sqrt.rn.f32", "rcp.rn.f32"},
        {"sqrt.rn.f64", "rcp.rn.f64"}, {"rcp.rn.f32", "sqrt.rn.f32"}, {"rcp.rn.f64", "sqrt.rn.f64"}, {"neg.f32", "mov.f32"},
        {"fma.rn.", "fma.rm."}, {"fma.rm.", "fma.rn."},
        {"ex2.approx.ftz.f32", "mov.f32"}, {"cvt.sat.f32.f32", "mov.f32"}, {"mul.wide.s32", "mul.wide.u32"},
        {"mul.wide.u32", "mul.wide.s32"}, {"mul.hi.u32", "mul.lo.s32"}, {"div.u64", "mul.lo.s64"}, {"div.u32", "mul.lo.s32"},
        {"and.b", "or.b"}, {"or.b", "and.b"}, {"xor.b", "or.b"}, {"and.pred", "or.pred"}, {"or.pred", "and.pred"}, {"xor.pred", "or.pred"},
        {"not.b64", "mov.b64"}, {"shl.b32", "shr.u32"}, {"shl.b64", "shr.u64"}, {"shr.u32", "shr.s32"}, {"shr.s32", "shr.u32"},
        {"shr.u64", "shr.s64"}, {"shr.s64", "shr.u64"}, {"cvt.s64.s32", "cvt.u64.u32"}, {"cvt.u64.u32", "cvt.s64.s32"},
        {"brev.b32", "mov.b32"}, {"bfind.shiftamt.u32", "mov.b32"}, {"setp.lt.", "setp.le."}, {"setp.le.", "setp.lt."},
        {"setp.ge.", "setp.gt."}, {"setp.gt.", "setp.ge."}, {"setp.eq.", "setp.ne."}, {"setp.ne.", "setp.eq."}, {"setp.leu.", "setp.gtu."},
        {"shfl.sync.bfly.", "shfl.sync.up."}, {"shfl.sync.up.", "shfl.sync.bfly."}, {"vote.sync.any.", "vote.sync.all."},
        {"atom.shared.min.", "atom.shared.max."}, {"atom.shared.max.", "atom.shared.min."}};

    /** Instructions that are also tried without. */
    private static final List<String> REMOVED = List.of("st.", "bar.sync", "bra", "atom.");

    /** Returns all mutants of a module, in the order of its text. */
    static List<Mutant> of(String ptx) {
        List<Mutant> mutants = new ArrayList<>();
        String kernel = "";
        List<String> lines = ptx.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            Matcher entry = ENTRY.matcher(lines.get(i));
            kernel = entry.find() ? entry.group(1) : kernel;
            Matcher instruction = INSTRUCTION.matcher(lines.get(i));
            if (instruction.matches()) {
                for (String after : changes(instruction)) {
                    mutants.add(new Mutant(kernel, i + 1, lines.get(i).strip().replaceAll("\\s+", " "), after));
                }
            }
        }
        return mutants;
    }

    private static Set<String> changes(Matcher instruction) {
        String guard = instruction.group(1) == null ? "" : instruction.group(1);
        String opcode = instruction.group(2);
        String operands = instruction.group(3).strip();
        Set<String> changes = new LinkedHashSet<>();
        if (REMOVED.stream().anyMatch(opcode::startsWith)) {
            changes.add("");
        }
        if (!guard.isEmpty()) {
            changes.add((guard.startsWith("@!") ? "@" + guard.substring(2) : "@!" + guard.substring(1)) + opcode + " " + operands + ";");
        }
        for (String[] swap : SWAPS) {
            if (opcode.startsWith(swap[0])) {
                changes.add(guard + swap[1] + opcode.substring(swap[0].length()) + " " + operandsOf(swap[1], operands) + ";");
            }
        }
        for (String changed : changedOperands(opcode, operands)) {
            changes.add(guard + opcode + " " + changed + ";");
        }
        return changes;
    }

    /** A move takes one operand, whatever it stands for. */
    private static String operandsOf(String opcode, String operands) {
        return opcode.startsWith("sqrt") || opcode.startsWith("rcp") || opcode.startsWith("mov")
                ? String.join(", ", PtxParser.operands(operands).subList(0, 2)) : operands;
    }

    private static List<String> changedOperands(String opcode, String operands) {
        List<String> changed = new ArrayList<>();
        Matcher number = LAST_NUMBER.matcher(operands);
        if (number.matches() && !opcode.startsWith("shfl") && !opcode.startsWith("vote")) {
            changed.add(number.group(1) + (Long.parseLong(number.group(2)) + 1));
        }
        Matcher constant = FLOAT_CONSTANT.matcher(operands);
        if (constant.matches()) {
            int bits = Integer.parseUnsignedInt(constant.group(2), 16) ^ 0x3F80_0000;
            changed.add(constant.group(1) + String.format("%08X", bits) + constant.group(3));
        }
        Matcher offset = OFFSET.matcher(operands);
        if (offset.matches()) {
            changed.add(offset.group(1) + (Integer.parseInt(offset.group(2)) + 4) + offset.group(3));
        }
        List<String> parts = PtxParser.operands(operands);
        if (opcode.startsWith("selp") || opcode.startsWith("sub") || opcode.startsWith("div")) {
            changed.add(String.join(", ", swapped(parts)));
        }
        return changed;
    }

    private static List<String> swapped(List<String> operands) {
        List<String> swapped = new ArrayList<>(operands);
        swapped.set(1, operands.get(2));
        swapped.set(2, operands.get(1));
        return swapped;
    }

    /** Returns the module with this change, of the changed kernel only; lines keep their numbers. */
    PtxModule module(String ptx) {
        List<String> lines = new ArrayList<>(ptx.lines().toList());
        String indent = after.isEmpty() ? "" : "\t";
        lines.set(line - 1, indent + after);
        String current = null;
        for (int i = 0; i < lines.size(); i++) {
            Matcher entry = ENTRY.matcher(lines.get(i));
            current = entry.find() ? entry.group(1) : current;
            if (current != null && !current.equals(kernel)) {
                lines.set(i, "");
            }
        }
        return PtxModule.parse(String.join("\n", lines) + "\n");
    }

    @Override
    public String toString() {
        return line + ": " + before + " => " + (after.isEmpty() ? "(nothing)" : after);
    }
}
