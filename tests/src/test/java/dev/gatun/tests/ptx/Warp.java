package dev.gatun.tests.ptx;

import java.util.Arrays;

/** Up to 32 threads: their registers and program counters, and the execution of their instructions. */
final class Warp {
    static final int SIZE = 32;
    private static final long GARBAGE = 0xdead_beef_dead_beefL;

    private final Block block;
    private final Machine machine;
    private final Kernel kernel;
    private final int first;
    private final int present;
    private final int[] pc = new int[SIZE];
    private final MemoryUnit memoryUnit;

    /** Register r of lane l is at 32 r + l. */
    final long[] registers;

    /** Which lanes have written a register. */
    final int[] initialised;

    private int live;
    private int atBarrier;
    private int atWarpInstruction;

    Warp(Block block, int first, int threads) {
        this.block = block;
        this.machine = block.launch().machine();
        this.kernel = block.launch().kernel();
        this.first = first;
        present = -1 >>> SIZE - threads;
        live = present;
        registers = new long[kernel.registers() * SIZE];
        initialised = new int[kernel.registers()];
        memoryUnit = new MemoryUnit(this, machine, block.shared());
        Arrays.fill(registers, GARBAGE);
        kernel.constants().forEach((register, value) -> {
            Arrays.fill(registers, register * SIZE, (register + 1) * SIZE, value);
            initialised[register] = -1;
        });
        kernel.specials().forEach((register, name) -> {
            for (int lane = 0; lane < SIZE; lane++) {
                registers[register * SIZE + lane] = special(name, lane);
            }
            initialised[register] = -1;
        });
    }

    private int special(String name, int lane) {
        return switch (name) {
            case "%tid.x" -> first + lane;
            case "%ntid.x" -> block.launch().threads();
            case "%ctaid.x" -> block.number();
            case "%nctaid.x" -> block.launch().blocks();
            case "%laneid" -> lane;
            default -> throw new IllegalStateException(name);
        };
    }

    int first() {
        return first;
    }

    boolean ready() {
        return (live & ~atBarrier & ~atWarpInstruction) != 0;
    }

    boolean done() {
        return live == 0;
    }

    /** Returns the barrier at which all threads of this warp wait, or -1 where they have all ended before. */
    int barrier() {
        if (atWarpInstruction != 0) {
            int lane = Integer.numberOfTrailingZeros(atWarpInstruction);
            throw fault(pc[lane], lane, "waits for lanes that never come");
        }
        if (live == 0) {
            return -1;
        }
        int lane = Integer.numberOfTrailingZeros(live);
        for (int other : lanes(live)) {
            if (pc[other] != pc[lane]) {
                throw fault(pc[other] - 1, other, "lanes of a warp wait at different barriers");
            }
        }
        if (live != present) {
            machine.report(where(pc[lane] - 1, lane) + ": a barrier is passed after threads of this warp have ended");
        }
        return pc[lane] - 1;
    }

    void passBarrier() {
        atBarrier = 0;
    }

    /** Runs about that many instructions, or until every lane waits. */
    void run(int instructions) {
        int left = instructions;
        while (left > 0 && ready()) {
            int ready = live & ~atBarrier & ~atWarpInstruction;
            int lowest = Integer.MAX_VALUE;
            int next = Integer.MAX_VALUE;
            int group = 0;
            for (int m = ready; m != 0; m &= m - 1) {
                int lane = Integer.numberOfTrailingZeros(m);
                int place = pc[lane];
                if (place < lowest) {
                    next = lowest;
                    lowest = place;
                    group = 1 << lane;
                } else if (place == lowest) {
                    group |= 1 << lane;
                } else {
                    next = Math.min(next, place);
                }
            }
            left -= runTogether(group, lowest, next, left);
        }
    }

    /** Runs lanes that are at one place until they part, wait, or come to where others are; returns how many instructions. */
    private int runTogether(int group, int start, int others, int most) {
        int place = start;
        int done = 0;
        while (done < most && place < others) {
            Instruction instruction = kernel.code()[place];
            int active = active(instruction, place, group);
            machine.count(Integer.bitCount(group));
            done++;
            int next = execute(instruction, place, group, active);
            if (next < 0) {
                return done;
            }
            place = next;
        }
        setPlace(group, place);
        return done;
    }

    /** Returns the lanes whose guard lets the instruction run, after a look at what it reads. */
    private int active(Instruction instruction, int place, int group) {
        int active = group;
        int guard = instruction.guard();
        if (guard != Operation.NONE) {
            requireInitialised(guard, group, place);
            for (int m = group; m != 0; m &= m - 1) {
                int lane = Integer.numberOfTrailingZeros(m);
                if (registers[guard * SIZE + lane] != 0 == instruction.negated()) {
                    active &= ~(1 << lane);
                }
            }
        }
        for (int source : instruction.sources()) {
            requireInitialised(source, active, place);
        }
        return active;
    }

    private void requireInitialised(int register, int lanes, int place) {
        int missing = lanes & ~initialised[register];
        if (missing != 0) {
            throw fault(place, Integer.numberOfTrailingZeros(missing), "reads an uninitialised register");
        }
    }

    /** Executes an instruction; returns where the whole group goes on, or -1 where the lanes' program counters say so. */
    private int execute(Instruction instruction, int place, int group, int active) {
        Operation operation = instruction.operation();
        if (operation instanceof Operation.Compute compute) {
            compute(compute, active, place);
            return place + 1;
        }
        if (active == 0) {
            return place + 1;
        }
        return switch (operation) {
            case Operation.Branch(int target) -> branch(target, place, group, active);
            case Operation.Return _ -> {
                live &= ~active;
                setPlace(group & ~active, place + 1);
                yield -1;
            }
            case Operation.Barrier _ -> {
                if (active != group) {
                    throw fault(place, Integer.numberOfTrailingZeros(group & ~active), "a barrier that only some lanes come to");
                }
                setPlace(group, place + 1);
                atBarrier |= group;
                yield -1;
            }
            case Operation.Shuffle shuffle -> together(operation, shuffle.members(), place, group, active);
            case Operation.Vote vote -> together(operation, vote.members(), place, group, active);
            default -> {
                memoryUnit.execute(operation, active, place);
                yield place + 1;
            }
        };
    }

    private int branch(int target, int place, int group, int active) {
        if (active == group) {
            return target;
        }
        setPlace(active, target);
        setPlace(group & ~active, place + 1);
        return -1;
    }

    private void compute(Operation.Compute compute, int active, int place) {
        Scalar scalar = compute.scalar();
        Scalar.Function function = scalar.function();
        int d = compute.d() * SIZE;
        int a = compute.a() * SIZE;
        int b = compute.b() * SIZE;
        int c = compute.c() * SIZE;
        for (int m = active; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            try {
                registers[d + lane] = function.apply(registers[a + lane], registers[b + lane], registers[c + lane]);
            } catch (ArithmeticException e) {
                throw fault(place, lane, e.getMessage());
            }
            if (machine.approximationUlps > 0 && scalar.approximate()) {
                registers[d + lane] = approximate(registers[d + lane]);
            }
        }
        initialised[compute.d()] |= active;
    }

    private long approximate(long register) {
        float value = Scalars.asFloat(register);
        int ulps = machine.random.nextInt(-machine.approximationUlps, machine.approximationUlps + 1);
        boolean keep = !Float.isFinite(value) || Math.abs(value) < 2 * Float.MIN_NORMAL;
        return keep ? register : register + (value > 0 ? ulps : -ulps);
    }

    /** A shuffle or vote runs once all lanes that it names have come to it; until then they wait. */
    private int together(Operation operation, int membersRegister, int place, int group, int active) {
        int arrived = group;
        for (int lane : lanes(atWarpInstruction)) {
            arrived |= pc[lane] == place ? 1 << lane : 0;
        }
        int lane = Integer.numberOfTrailingZeros(group);
        int members = (int) registers[membersRegister * SIZE + lane];
        if (active != group || (members & ~live) != 0 || (group & ~members) != 0) {
            throw fault(place, lane, "needs just the lanes 0x" + Integer.toHexString(members) + ", and lanes 0x"
                    + Integer.toHexString(active) + " come, of live ones 0x" + Integer.toHexString(live));
        }
        if (arrived != members) {
            setPlace(group, place);
            atWarpInstruction |= group;
            return -1;
        }
        switch (operation) {
            case Operation.Shuffle shuffle -> shuffle(shuffle, members, place);
            case Operation.Vote vote -> vote(vote, members);
            default -> throw new IllegalStateException();
        }
        atWarpInstruction &= ~members;
        setPlace(members, place + 1);
        return arrived == group ? place + 1 : -1;
    }

    /** PTX ISA 9.7.9.6: segments of lanes, clamped at their ends; a lane out of range reads itself. */
    private void shuffle(Operation.Shuffle shuffle, int members, int place) {
        int a = shuffle.a() * SIZE;
        long[] values = Arrays.copyOfRange(registers, a, a + SIZE);
        for (int lane : lanes(members)) {
            int distance = (int) registers[shuffle.distance() * SIZE + lane] & 31;
            int clampAndMask = (int) registers[shuffle.clamp() * SIZE + lane];
            int mask = clampAndMask >> 8 & 31;
            int clamp = clampAndMask & 31;
            int limit = lane & mask | clamp & ~mask;
            int source = switch (shuffle.mode()) {
                case UP -> lane - distance;
                case DOWN -> lane + distance;
                case BFLY -> lane ^ distance;
                case IDX -> lane & mask | distance & ~mask;
            };
            boolean inRange = shuffle.mode() == Operation.ShuffleMode.UP ? source >= limit : source <= limit;
            source = inRange ? source : lane;
            if ((members >> source & 1) == 0) {
                throw fault(place, lane, "reads lane " + source + ", which takes no part");
            }
            registers[shuffle.d() * SIZE + lane] = values[source];
            if (shuffle.inRange() != Operation.NONE) {
                registers[shuffle.inRange() * SIZE + lane] = Scalars.of(inRange);
            }
        }
        initialised[shuffle.d()] |= members;
        if (shuffle.inRange() != Operation.NONE) {
            initialised[shuffle.inRange()] |= members;
        }
    }

    private void vote(Operation.Vote vote, int members) {
        int ballot = 0;
        for (int lane : lanes(members)) {
            ballot |= (int) registers[vote.predicate() * SIZE + lane] << lane;
        }
        long result = switch (vote.mode()) {
            case ALL -> Scalars.of(ballot == members);
            case ANY -> Scalars.of(ballot != 0);
            case BALLOT -> Scalars.of(ballot);
        };
        for (int lane : lanes(members)) {
            registers[vote.d() * SIZE + lane] = result;
        }
        initialised[vote.d()] |= members;
    }

    private void setPlace(int lanes, int place) {
        for (int m = lanes; m != 0; m &= m - 1) {
            pc[Integer.numberOfTrailingZeros(m)] = place;
        }
    }

    static int[] lanes(int mask) {
        int[] lanes = new int[Integer.bitCount(mask)];
        int count = 0;
        for (int m = mask; m != 0; m &= m - 1) {
            lanes[count++] = Integer.numberOfTrailingZeros(m);
        }
        return lanes;
    }

    Fault fault(int place, int lane, String problem) {
        return new Fault(where(place, lane) + ": " + problem);
    }

    /** Returns the place of an instruction and the thread, in words. */
    String where(int place, int lane) {
        Instruction instruction = kernel.code()[place];
        return kernel.name() + " block " + block.number() + " thread " + (first + lane) + ", PTX line " + instruction.line() + " `"
                + instruction.text() + "`";
    }

    long[] parameters() {
        return block.launch().parameters();
    }
}
