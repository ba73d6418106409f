package dev.gatun.host;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * A C function of at most four arguments, all integers or pointers, that returns one, or nothing: each is a {@code long} here, which costs
 * no segment object a call. What an {@code int} function returns is in the lower half.
 *
 * <p>All are called in one way, with a zero for what they do not take: Linux on x86-64 and arm64 passes the first arguments in registers
 * of 64 bits, whatever their number and width. The JVM then makes one stub for all of them, where each signature takes it some 5 ms of a
 * program's start.
 *
 * @param handle what calls it
 */
public record CFunction(MethodHandle handle) {
    private static final FunctionDescriptor SIGNATURE = FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);

    /** Returns the function at an address. */
    public static CFunction at(MemorySegment address) {
        return new CFunction(Linker.nativeLinker().downcallHandle(address, SIGNATURE));
    }

    /** Calls the function. */
    public long call() {
        return call(0, 0, 0, 0);
    }

    /** Calls the function. */
    public long call(long first) {
        return call(first, 0, 0, 0);
    }

    /** Calls the function. */
    public long call(long first, long second) {
        return call(first, second, 0, 0);
    }

    /** Calls the function. */
    public long call(long first, long second, long third) {
        return call(first, second, third, 0);
    }

    /** Calls the function. */
    public long call(long first, long second, long third, long fourth) {
        try {
            return (long) handle.invokeExact(first, second, third, fourth);
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw new AssertionError("a C function threw", t);
        }
    }
}
