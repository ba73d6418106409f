package dev.gatun.examples.doctor;

import dev.gatun.device.CallListener;
import dev.gatun.device.NativeLibrary;
import dev.gatun.device.Symbols;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the native calls of this process by library, and the launches of kernels among them. What is enqueued while a stream is
 * captured is counted once more by itself: those are the calls that a graph replays.
 */
final class CallCounter implements CallListener {
    /** How often each library is called, and how many of the driver's calls launch a kernel. */
    record Count(Map<NativeLibrary, Double> calls, double kernelLaunches) {
        double all() {
            return calls.values().stream().mapToDouble(Double::doubleValue).sum();
        }

        /** Returns what came in addition to an earlier count, for each of {@code times}. */
        Count since(Count earlier, int times) {
            Map<NativeLibrary, Double> difference = new EnumMap<>(NativeLibrary.class);
            calls.forEach((library, count) -> difference.put(library, (count - earlier.calls.get(library)) / times));
            return new Count(difference, (kernelLaunches - earlier.kernelLaunches) / times);
        }
    }

    /** One set of counters. */
    private static final class Counters {
        private final Map<NativeLibrary, AtomicLong> calls = new EnumMap<>(NativeLibrary.class);
        private final AtomicLong kernelLaunches = new AtomicLong();

        Counters() {
            for (NativeLibrary library : NativeLibrary.values()) {
                calls.put(library, new AtomicLong());
            }
        }

        void add(NativeLibrary library, String function) {
            calls.get(library).incrementAndGet();
            if (function.equals("cuLaunchKernel")) {
                kernelLaunches.incrementAndGet();
            }
        }

        Count count() {
            Map<NativeLibrary, Double> values = new EnumMap<>(NativeLibrary.class);
            calls.forEach((library, count) -> values.put(library, count.doubleValue()));
            return new Count(values, kernelLaunches.doubleValue());
        }
    }

    private final Counters all = new Counters();
    private final Counters captured = new Counters();
    private volatile boolean capturing;

    /** Counts from now on; empty where the process has looked functions up before, whose calls would go uncounted. */
    static Optional<CallCounter> start() {
        CallCounter counter = new CallCounter();
        try {
            Symbols.listen(counter);
            return Optional.of(counter);
        } catch (IllegalStateException e) {
            return Optional.empty();
        }
    }

    @Override
    public void calling(NativeLibrary library, String function) {
        all.add(library, function);
        switch (function) {
            case "cudaStreamBeginCapture" -> capturing = true;
            case "cudaStreamEndCapture" -> capturing = false;
            default -> {
                if (capturing) {
                    captured.add(library, function);
                }
            }
        }
    }

    /** Returns the calls so far. */
    Count all() {
        return all.count();
    }

    /** Returns those of them that were recorded into graphs. */
    Count captured() {
        return captured.count();
    }
}
