package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.device.spi.KernelLaunch;
import dev.gatun.lm.kernels.LmKernelTwins;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Runs one kernel of a module in the interpreter, and its twin beside it on memory of its own. */
final class KernelBench {
    /** A kernel that loops for ever is stopped; the largest launch of the checks takes a third of that at most. */
    private static final long LIMIT = 30_000_000;

    final int threads;
    final int ulps;
    final Random random;
    private final PtxModule module;
    private final int offset;
    private final Heap heap = new Heap();
    private final Machine machine;
    private int launches;

    /**
     * How a bench runs kernels.
     *
     * @param threads of a block, a multiple of 32
     * @param seed of the data and of the order in which threads run
     * @param ulps error of .approx instructions
     * @param offset of one buffer a launch, each in turn, from a multiple of 256 bytes; a multiple of 8, as the kernels ask of doubles
     */
    record Setting(int threads, long seed, int ulps, int offset) {}

    /** Makes a bench for the kernels of a module. */
    KernelBench(PtxModule module, Setting setting) {
        this.module = module;
        threads = setting.threads();
        ulps = setting.ulps();
        offset = setting.offset();
        random = new Random(setting.seed());
        machine = new Machine(heap, setting.seed(), setting.ulps());
        machine.limit(LIMIT);
    }

    /** Memory that the kernel writes: with a content or, if that is null, without one. */
    record Output(MemorySegment content, long bytes) {}

    static Output out(long floats) {
        return new Output(null, floats * Float.BYTES);
    }

    static Output inOut(MemorySegment content) {
        return new Output(content, content.byteSize());
    }

    /** An argument whose memory begins {@code bytes} after a multiple of 256, whatever the setting. */
    record Shifted(Object argument, int bytes) {}

    /** Counts the memory traffic of launches. */
    void traffic(Traffic traffic) {
        machine.traffic(traffic);
    }

    /**
     * Runs the kernel.
     *
     * @param shifted a {@link MemorySegment} that must stay as it is, an {@link Output}, one of these {@link Shifted}, null for a null
     *     pointer, Integer, Long or Float
     * @return the arguments' memory after the launch
     */
    Result run(String kernel, int blocks, Object... shifted) {
        int count = shifted.length;
        Object[] arguments = new Object[count];
        Region[] regions = new Region[count];
        long[] parameters = new long[count];
        for (int i = 0; i < count; i++) {
            String name = kernel + " parameter " + i;
            int at = shifted[i] instanceof Shifted(Object argument, int bytes) ? bytes : i == launches % count ? offset : 0;
            arguments[i] = shifted[i] instanceof Shifted(Object argument, int bytes) ? argument : shifted[i];
            switch (arguments[i]) {
                case null -> parameters[i] = 0;
                case MemorySegment input -> regions[i] = heap.copyOf(name, input, at);
                case Output(MemorySegment content, long bytes) when content == null -> regions[i] = heap.allocate(name, bytes, at);
                case Output output -> regions[i] = heap.copyOf(name, output.content(), at);
                case Integer value -> parameters[i] = Scalars.of(value);
                case Long value -> parameters[i] = value;
                case Float value -> parameters[i] = Float.floatToRawIntBits(value) & 0xffff_ffffL;
                default -> throw new IllegalArgumentException(arguments[i].toString());
            }
            parameters[i] = regions[i] == null ? parameters[i] : regions[i].address();
        }
        launches++;
        machine.launch(module.kernel(kernel), blocks, threads, parameters);
        assertEquals(List.of(), machine.findings());
        for (int i = 0; i < count; i++) {
            if (arguments[i] instanceof MemorySegment input) {
                assertEquals(-1, regions[i].memory().mismatch(input), kernel + " changed its input " + i);
            }
        }
        return new Result(kernel, blocks, arguments, regions);
    }

    /** What a launch left in memory, and what its twin leaves there. */
    static final class Result {
        private final Region[] regions;
        private final MemorySegment[] twins;

        private Result(String kernel, int blocks, Object[] arguments, Region[] regions) {
            this.regions = regions;
            twins = new MemorySegment[arguments.length];
            for (int i = 0; i < arguments.length; i++) {
                if (regions[i] != null) {
                    twins[i] = Arena.ofAuto().allocate(regions[i].memory().byteSize() + Long.BYTES, Long.BYTES)
                            .asSlice(0, regions[i].memory().byteSize());
                    twins[i].copyFrom(arguments[i] instanceof MemorySegment input ? input
                            : ((Output) arguments[i]).content() == null ? MemorySegment.ofArray(new byte[(int) twins[i].byteSize()])
                            : ((Output) arguments[i]).content());
                }
            }
            new LmKernelTwins().byName().get(kernel).run(new TwinLaunch(blocks, arguments, twins));
        }

        /** Returns a parameter's memory as the kernel left it. */
        MemorySegment memory(int parameter) {
            return regions[parameter].memory();
        }

        /** Returns a parameter's memory as the twin left it. */
        MemorySegment twinMemory(int parameter) {
            return twins[parameter];
        }

        float floatAt(int parameter, long index) {
            return memory(parameter).getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, index);
        }

        float twinFloatAt(int parameter, long index) {
            return twins[parameter].getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, index);
        }

        int intAt(int parameter, long index) {
            return memory(parameter).getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, index);
        }

        /** Fails unless the twin leaves the same bits. */
        void assertTwinEqual(int parameter) {
            long place = memory(parameter).mismatch(twins[parameter]);
            assertEquals(-1, place, () -> "parameter " + parameter + " differs from the twin's at byte " + place);
        }

        /** Fails unless a float is what is expected, within a tolerance that NaN and infinities do not meet unless they are. */
        void assertClose(int parameter, long index, double expected, double tolerance) {
            assertClose(floatAt(parameter, index), parameter, index, expected, tolerance);
        }

        /** As {@link #assertClose}, of the twin too. */
        void assertBothClose(int parameter, long index, double expected, double tolerance) {
            assertClose(parameter, index, expected, tolerance);
            assertClose(twinFloatAt(parameter, index), parameter, index, expected, tolerance);
        }

        private static void assertClose(float found, int parameter, long index, double expected, double tolerance) {
            assertTrue(Double.compare(expected, found) == 0 || Math.abs(expected - found) <= tolerance, () -> "parameter " + parameter
                    + " at " + index + ": " + found + ", expected " + expected + " within " + tolerance);
        }
    }

    /** A launch of a twin, on this thread. */
    private record TwinLaunch(int gridX, Object[] arguments, MemorySegment[] memory) implements KernelLaunch {
        @Override
        public int intAt(int parameter) {
            return (Integer) arguments[parameter];
        }

        @Override
        public long longAt(int parameter) {
            return (Long) arguments[parameter];
        }

        @Override
        public float floatAt(int parameter) {
            return (Float) arguments[parameter];
        }

        @Override
        public MemorySegment memoryAt(int parameter, long bytes) {
            return memory[parameter].asSlice(0, bytes);
        }

        @Override
        public boolean isNull(int parameter) {
            return arguments[parameter] == null;
        }

        @Override
        public void parallel(int tasks, Task body) {
            IntStream.range(0, tasks).forEach(task -> body.run(this, task));
        }
    }

    /** Returns {@code n} normally distributed floats. */
    MemorySegment normal(int n, double deviation) {
        MemorySegment floats = floats(n);
        for (int i = 0; i < n; i++) {
            floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (random.nextGaussian() * deviation));
        }
        return floats;
    }

    /** Returns {@code n} zeros. */
    static MemorySegment floats(int n) {
        return Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT, n);
    }

    /** Returns zeros but for one value, whose last bits count, so that it shows where a value of another thread gets lost. */
    static MemorySegment single(int n, int index) {
        MemorySegment floats = floats(n);
        floats.setAtIndex(ValueLayout.JAVA_FLOAT, index, Math.nextDown(2f));
        return floats;
    }

    static MemorySegment ints(int... values) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_INT, values);
    }

    static MemorySegment longs(long... values) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, values);
    }

    static float at(MemorySegment floats, long index) {
        return floats.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }
}
