package dev.gatun.host;

import dev.gatun.device.spi.KernelLaunch;
import dev.gatun.device.spi.PtxRunner;
import dev.gatun.host.compute.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** A launch whose parameters were copied out of the caller's memory, as the driver does during the call. */
final class HostLaunch implements KernelLaunch, Runnable {
    /** Segments kept of a parameter: a kernel is launched at some places of a program with other memory. */
    private static final int SEGMENTS = 8;

    private final Host host;
    private final String name;
    private final Consumer<HostLaunch> body;
    private final List<PtxModule.Parameter> parameters;
    private final long[] values;
    private final IntConsumer runTask = number -> this.task.run(this, number);

    /** The memory of each parameter's last launches; a race of two workers for a place costs one of them another object. */
    private final MemorySegment[] segments;
    private int nextSegment;
    private final String[] names;
    private int gridX;
    private int blockX;
    private Task task;

    /** Describes launches of a kernel that {@code body} computes; null if nothing does. */
    HostLaunch(Host host, String name, Consumer<HostLaunch> body, List<PtxModule.Parameter> parameters) {
        this(host, name, body, parameters, new String[parameters.size()]);
        Arrays.setAll(names, i -> "kernel " + name + ", parameter " + i);
    }

    private HostLaunch(Host host, String name, Consumer<HostLaunch> body, List<PtxModule.Parameter> parameters, String[] names) {
        this.host = host;
        this.name = name;
        this.body = body;
        this.parameters = parameters;
        this.values = new long[parameters.size()];
        this.segments = new MemorySegment[parameters.size() * SEGMENTS];
        this.names = names;
    }

    /** Refuses to launch a kernel that nothing computes. */
    void requireTwin() {
        if (body == null) {
            throw Fault.notSupported("cuLaunchKernel: kernel " + name + " has no Java twin; the software device cannot run it");
        }
    }

    /** Reads the parameters: {@code kernelParams} is an array of pointers to values, their sizes those of the PTX. */
    HostLaunch read(int blocks, int threads, long kernelParams) {
        gridX = blocks;
        blockX = threads;
        for (int i = 0; i < values.length; i++) {
            long pointer = Native.getLong(Native.required(kernelParams, "cuLaunchKernel", "kernelParams") + 8L * i);
            Native.required(pointer, "cuLaunchKernel", names[i]);
            values[i] = switch (parameters.get(i).bytes()) {
                case 4 -> Native.getInt(pointer);
                case 8 -> Native.getLong(pointer);
                default -> throw Fault.notSupported("cuLaunchKernel: " + names[i] + " has the type " + parameters.get(i).type());
            };
        }
        return this;
    }

    /** Returns an unread launch of the same kernel, which a queue or a graph can keep. */
    HostLaunch copy() {
        return new HostLaunch(host, name, body, parameters, names);
    }

    @Override
    public void run() {
        synchronized (host.engine) {
            body.accept(this);
        }
    }

    /** Executes the kernel's PTX. */
    void interpret(PtxRunner runner, String ptx) {
        runner.run(ptx, name, gridX, blockX, values.clone(), host.memory::extent);
    }

    @Override
    public int gridX() {
        return gridX;
    }

    @Override
    public int intAt(int parameter) {
        require(parameter, 4, false);
        return (int) values[parameter];
    }

    @Override
    public long longAt(int parameter) {
        require(parameter, 8, false);
        return values[parameter];
    }

    @Override
    public float floatAt(int parameter) {
        require(parameter, 4, true);
        return Float.intBitsToFloat((int) values[parameter]);
    }

    @Override
    public boolean isNull(int parameter) {
        return longAt(parameter) == 0;
    }

    @Override
    public MemorySegment memoryAt(int parameter, long bytes) {
        require(parameter, 8, false);
        long real = host.memory.real(values[parameter], bytes, "cuLaunchKernel", names[parameter]);
        for (int i = parameter * SEGMENTS; i < (parameter + 1) * SEGMENTS; i++) {
            MemorySegment segment = segments[i];
            if (segment != null && segment.address() == real && segment.byteSize() == bytes) {
                return segment;
            }
        }
        MemorySegment segment = MemorySegment.ofAddress(real).reinterpret(bytes);
        segments[parameter * SEGMENTS + nextSegment] = segment;
        nextSegment = (nextSegment + 1) % SEGMENTS;
        return segment;
    }

    @Override
    public void parallel(int tasks, Task body) {
        task = body;
        WorkerPool.shared().parallel(tasks, runTask);
    }

    private void require(int parameter, int bytes, boolean floating) {
        PtxModule.Parameter declared = parameters.get(parameter);
        if (declared.bytes() != bytes || declared.isFloat() != floating) {
            throw Fault.invalid("kernel " + name + ": its PTX declares parameter " + parameter + " as " + declared.type()
                    + ", its twin reads " + (floating ? "f" : "u") + bytes * Byte.SIZE + " (parameters: "
                    + parameters.stream().map(PtxModule.Parameter::type).toList() + ")");
        }
    }
}
