package dev.gatun.tests.ptx;

/**
 * One instruction.
 *
 * @param line where it stands in the PTX
 * @param text as it stands there
 * @param guard the predicate register it depends on, or {@link Operation#NONE}
 * @param negated whether it runs where the guard is false
 * @param operation what it does
 * @param sources the registers it reads, which must be initialised; the guard is not among them
 */
record Instruction(int line, String text, int guard, boolean negated, Operation operation, int[] sources) {}
