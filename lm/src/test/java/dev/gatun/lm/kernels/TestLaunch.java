package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.device.spi.KernelLaunch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.IntStream;

/**
 * A launch over host memory. A pointer's segment must be just as long as the twin says the kernel may touch, so that a device
 * that checks would refuse a shorter one.
 */
final class TestLaunch implements KernelLaunch {
    private final int gridX;
    private final Object[] arguments;
    private final SortedMap<Integer, String> typesRead = new ConcurrentSkipListMap<>();
    private Random shuffle;

    /** Takes MemorySegment or null for a pointer, Integer, Long or Float. */
    TestLaunch(int gridX, Object... arguments) {
        this.gridX = gridX;
        this.arguments = arguments;
    }

    /** Makes {@link #parallel} run its tasks in a random order and on several threads. */
    TestLaunch shuffled(long seed) {
        shuffle = new Random(seed);
        return this;
    }

    void run(String kernel) {
        new LmKernelTwins().byName().get(kernel).run(this);
    }

    /** Returns the PTX type that the twin read each parameter as. */
    List<String> typesRead() {
        assertEquals(IntStream.range(0, arguments.length).boxed().toList(), List.copyOf(typesRead.keySet()), "parameters read");
        return List.copyOf(typesRead.values());
    }

    List<MemorySegment> memory() {
        return Arrays.stream(arguments).filter(MemorySegment.class::isInstance).map(MemorySegment.class::cast).toList();
    }

    private <T> T read(int parameter, String type, Class<T> wanted) {
        typesRead.put(parameter, type);
        return wanted.cast(arguments[parameter]);
    }

    @Override
    public int gridX() {
        return gridX;
    }

    @Override
    public int intAt(int parameter) {
        return read(parameter, "u32", Integer.class);
    }

    @Override
    public long longAt(int parameter) {
        return read(parameter, "u64", Long.class);
    }

    @Override
    public float floatAt(int parameter) {
        return read(parameter, "f32", Float.class);
    }

    @Override
    public MemorySegment memoryAt(int parameter, long bytes) {
        MemorySegment segment = read(parameter, "u64", MemorySegment.class);
        assertEquals(segment.byteSize(), bytes, "extent of parameter " + parameter);
        return segment;
    }

    @Override
    public boolean isNull(int parameter) {
        return read(parameter, "u64", MemorySegment.class) == null;
    }

    @Override
    public void parallel(int tasks, Task body) {
        List<Integer> order = new ArrayList<>();
        for (int task = 0; task < tasks; task++) {
            order.add(task);
        }
        if (shuffle == null) {
            order.forEach(task -> body.run(this, task));
        } else {
            Collections.shuffle(order, shuffle);
            order.parallelStream().forEach(task -> body.run(this, task));
        }
    }

    static MemorySegment floats(float... values) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values);
    }

    static MemorySegment ints(int... values) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_INT, values);
    }

    static MemorySegment longs(long... values) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, values);
    }

    /** Returns {@code n} floats that the kernel has to overwrite. */
    static MemorySegment output(long n) {
        return Arena.ofAuto().allocate(n * Float.BYTES, Float.BYTES).fill((byte) 0xff);
    }

    /** Returns normally distributed floats. */
    static float[] normal(Random random, int n, double deviation) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (random.nextGaussian() * deviation);
        }
        return values;
    }

    static float[] array(MemorySegment floats) {
        return floats.toArray(ValueLayout.JAVA_FLOAT);
    }
}
