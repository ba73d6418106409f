package dev.gatun.tests.ptx;

/**
 * An instruction that computes one register of a lane from registers of that lane. Registers hold their bits in the low end of a
 * long, zeros above; a predicate is 0 or 1.
 *
 * @param name the whole opcode with its modifiers; an instruction that differs in any of them is another one
 * @param resultBits width of the result, 1 for a predicate
 * @param sourceBits widths of the sources
 * @param function what it computes; throws ArithmeticException where the ISA leaves the result open
 */
record Scalar(String name, int resultBits, int[] sourceBits, Function function) {
    /** Computes from at most three sources; the absent ones are arbitrary. */
    interface Function {
        long apply(long a, long b, long c);
    }

    /** Returns whether hardware may give another result close by. */
    boolean approximate() {
        return name.contains(".approx");
    }
}
