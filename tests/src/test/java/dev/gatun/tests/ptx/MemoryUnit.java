package dev.gatun.tests.ptx;

import dev.gatun.tests.ptx.Operation.Address;
import dev.gatun.tests.ptx.Operation.Space;

/** Executes a warp's moves between registers, parameters and memory, and checks each access. */
final class MemoryUnit {
    private static final int SIZE = Warp.SIZE;

    private final Warp warp;
    private final Machine machine;
    private final Region shared;
    private final long[] registers;

    MemoryUnit(Warp warp, Machine machine, Region shared) {
        this.warp = warp;
        this.machine = machine;
        this.shared = shared;
        registers = warp.registers;
    }

    void execute(Operation operation, int active, int place) {
        Traffic traffic = machine.traffic();
        if (traffic != null) {
            traffic.beginAccess();
        }
        for (int m = active; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            switch (operation) {
                case Operation.Load load -> load(load, lane, place);
                case Operation.Store store -> store(store, lane, place);
                case Operation.Atomic atomic -> atomic(atomic, lane, place);
                case Operation.LoadParameter(int d, int index, boolean extend) ->
                        registers[d * SIZE + lane] = extend ? (int) warp.parameters()[index] : warp.parameters()[index];
                case Operation.Pack(int d, int low, int high) -> registers[d * SIZE + lane] =
                        registers[high * SIZE + lane] << 32 | registers[low * SIZE + lane];
                case Operation.Unpack(int low, int high, int a) -> {
                    long value = registers[a * SIZE + lane];
                    registers[low * SIZE + lane] = value & 0xffff_ffffL;
                    registers[high * SIZE + lane] = value >>> 32;
                }
                default -> throw new IllegalStateException(operation.toString());
            }
        }
        for (int register : written(operation)) {
            warp.initialised[register] |= active;
        }
    }

    private static int[] written(Operation operation) {
        return switch (operation) {
            case Operation.Load load -> load.registers();
            case Operation.Atomic atomic -> new int[] {atomic.d()};
            case Operation.LoadParameter parameter -> new int[] {parameter.d()};
            case Operation.Pack pack -> new int[] {pack.d()};
            case Operation.Unpack unpack -> new int[] {unpack.low(), unpack.high()};
            default -> new int[0];
        };
    }

    private void load(Operation.Load load, int lane, int place) {
        int bytes = load.elementBytes();
        long from = address(load.address(), lane);
        Shadow.Access access = load.nonCoherent() ? Shadow.Access.NON_COHERENT_READ : Shadow.Access.READ;
        Region region = access(load.space(), from, bytes * load.registers().length, access, lane, place);
        for (int register : load.registers()) {
            registers[register * SIZE + lane] = region.read(from, bytes);
            from += bytes;
        }
    }

    private void store(Operation.Store store, int lane, int place) {
        int bytes = store.elementBytes();
        long to = address(store.address(), lane);
        Region region = access(store.space(), to, bytes * store.registers().length, Shadow.Access.WRITE, lane, place);
        for (int register : store.registers()) {
            region.write(to, bytes, registers[register * SIZE + lane]);
            to += bytes;
        }
    }

    private void atomic(Operation.Atomic atomic, int lane, int place) {
        long at = address(atomic.address(), lane);
        Region region = access(atomic.space(), at, atomic.bytes(), Shadow.Access.ATOMIC, lane, place);
        long old = region.read(at, atomic.bytes());
        region.write(at, atomic.bytes(), atomic.operator().applyAsLong(old, registers[atomic.value() * SIZE + lane]));
        registers[atomic.d() * SIZE + lane] = old;
    }

    private long address(Address address, int lane) {
        return registers[address.base() * SIZE + lane] + address.offset();
    }

    private Region access(Space space, long address, int bytes, Shadow.Access access, int lane, int place) {
        Region region = space == Space.SHARED ? shared : machine.memory.at(address);
        if (region == null || !region.contains(address, bytes)) {
            throw warp.fault(place, lane, "touches " + bytes + " bytes at 0x" + Long.toHexString(address) + " outside memory"
                    + (region == null ? "" : ", " + (address - region.address()) + " bytes after the start of " + region.name() + " of "
                            + region.memory().byteSize() + " bytes"));
        }
        if (address % bytes != 0) {
            throw warp.fault(place, lane, "touches " + bytes + " bytes at an address that is not a multiple of that");
        }
        machine.clock.run(warp.first() + lane);
        int first = (int) ((address - region.address()) / Region.UNIT);
        int reported = -1;
        for (int unit = first; unit < first + bytes / Region.UNIT; unit++) {
            String problem = region.shadow().note(unit, access, machine.clock);
            int word = unit * Region.UNIT / Integer.BYTES;
            if (problem != null && word != reported) {
                machine.report(warp.where(place, lane) + ": " + problem + ", word " + word + " of " + region.name());
                reported = word;
            }
        }
        if (space == Space.GLOBAL && machine.traffic() != null) {
            machine.traffic().lane(region, address, bytes);
        }
        return region;
    }
}
