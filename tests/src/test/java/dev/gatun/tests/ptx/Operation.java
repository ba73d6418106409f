package dev.gatun.tests.ptx;

import java.util.function.LongBinaryOperator;

/** What an instruction does. Registers are numbers; {@link #NONE} stands for one that is absent. */
sealed interface Operation {
    /** No register. */
    int NONE = -1;

    /** A state space that loads and stores name. */
    enum Space { GLOBAL, SHARED }

    /** How a shuffle finds the lane it reads. */
    enum ShuffleMode { UP, DOWN, BFLY, IDX }

    /** What a vote returns. */
    enum VoteMode { ALL, ANY, BALLOT }

    /** A memory operand: a register and bytes added to it. */
    record Address(int base, long offset) {}

    /** d = scalar(a, b, c). */
    record Compute(Scalar scalar, int d, int a, int b, int c) implements Operation {}

    /** d = low | high << 32. */
    record Pack(int d, int low, int high) implements Operation {}

    /** low, high = the halves of a. */
    record Unpack(int low, int high, int a) implements Operation {}

    /** d = a parameter of the kernel; one of 32 bits is extended to 64 by its sign where {@code extend}. */
    record LoadParameter(int d, int index, boolean extend) implements Operation {}

    /** Loads one or more neighbouring elements; through the read-only cache if {@code nonCoherent}. */
    record Load(Space space, boolean nonCoherent, int elementBytes, int[] registers, Address address) implements Operation {}

    /** Stores one or more neighbouring elements. */
    record Store(Space space, int elementBytes, int[] registers, Address address) implements Operation {}

    /** d = the old value of that many bytes, which becomes operator(old, value). */
    record Atomic(Space space, int bytes, LongBinaryOperator operator, int d, Address address, int value) implements Operation {}

    /** Goes to an instruction. */
    record Branch(int target) implements Operation {}

    /** Ends the lane. */
    record Return() implements Operation {}

    /** Waits for all threads of the block. */
    record Barrier() implements Operation {}

    /** d, inRange = another lane's a; members is a mask. */
    record Shuffle(ShuffleMode mode, int d, int inRange, int a, int distance, int clamp, int members) implements Operation {}

    /** d = whether all or any of the members have the predicate, or which of them. */
    record Vote(VoteMode mode, int d, int predicate, int members) implements Operation {}
}
