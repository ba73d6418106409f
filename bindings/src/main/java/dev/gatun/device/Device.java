package dev.gatun.device;

import dev.gatun.device.spi.DeviceProvider;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.util.ServiceLoader;

/**
 * The one device of this process: NVIDIA's libraries and a GPU, or a software device in their place.
 *
 * <p>It is chosen once, by {@link #choose} or else at the first use from the system property {@code gatun.device} or the
 * environment variable {@code GATUN_DEVICE} ({@code auto}, {@code cuda} or {@code host}; {@code auto} if neither is set).
 * All methods may be called from any thread.
 */
public final class Device {
    /** What can be asked for. */
    public enum Choice {
        /** The GPU if a driver and the libraries answer, else the software device. */
        AUTO,
        /** The GPU, or an error that says what is missing. */
        CUDA,
        /** The software device. */
        HOST;

        /**
         * Reads a choice as people write it.
         *
         * @throws DeviceException if it is not {@code auto}, {@code cuda} or {@code host}
         */
        public static Choice parse(String text) {
            for (Choice choice : values()) {
                if (choice.name().equalsIgnoreCase(text)) {
                    return choice;
                }
            }
            throw new DeviceException("unknown device '" + text + "'; expected auto, cuda or host");
        }
    }

    private static Device current;

    private final Choice kind;
    private final DeviceProvider provider;
    private final String reason;
    private final String missing;

    private Device(Choice kind, DeviceProvider provider, String reason, String missing) {
        this.kind = kind;
        this.provider = provider;
        this.reason = reason;
        this.missing = missing;
    }

    /** Returns the process's device, choosing it as the property or environment says if that has not happened yet. */
    public static synchronized Device current() {
        if (current == null) {
            String text = System.getProperty("gatun.device", System.getenv().getOrDefault("GATUN_DEVICE", "auto"));
            current = make(Choice.parse(text));
        }
        return current;
    }

    /**
     * Chooses the process's device.
     *
     * @throws DeviceException if it cannot be had, or another one was chosen before
     */
    public static synchronized Device choose(Choice choice) {
        if (current == null) {
            current = make(choice);
        } else if (choice != Choice.AUTO && choice != current.kind) {
            throw new DeviceException("the device of this process is already " + current.describe() + "; it cannot become "
                    + choice.name().toLowerCase() + ". Choose a device before the first call, or start another process");
        }
        return current;
    }

    private static Device make(Choice choice) {
        if (choice == Choice.HOST) {
            return new Device(Choice.HOST, hostProvider(null), "as asked", "");
        }
        try {
            return new Device(Choice.CUDA, CudaLibraries.open(), choice == Choice.CUDA ? "as asked" : "a GPU answers", "");
        } catch (DeviceException e) {
            if (choice == Choice.CUDA) {
                throw e;
            }
            return new Device(Choice.HOST, hostProvider(e), "no GPU: " + e.getMessage().lines().findFirst().orElse(""),
                    e.getMessage());
        }
    }

    private static DeviceProvider hostProvider(DeviceException noGpu) {
        return ServiceLoader.load(DeviceProvider.class, Device.class.getClassLoader()).findFirst()
                .orElseThrow(() -> new DeviceException((noGpu == null ? "" : noGpu.getMessage() + "\n")
                        + "No software device is on the class path or module path; add the artifact gatun-host-device."));
    }

    /** Returns {@link Choice#CUDA} or {@link Choice#HOST}. */
    public Choice kind() {
        return kind;
    }

    /** Returns one line for people: which device, and why. */
    public String describe() {
        return provider.describe() + " (" + reason + ")";
    }

    /**
     * Returns why {@link Choice#AUTO} found no GPU: what was tried and what to install, in lines for people. Empty where there is
     * one, or where it was not looked for.
     */
    public String missing() {
        return missing;
    }

    /** Returns where a library came from, for people: a file, or what stands in its place. */
    public String origin(NativeLibrary library) {
        return provider.origin(library);
    }

    /**
     * Returns what the device has to say, in words, of the call of this thread that failed last, and forgets it; empty where
     * the library's own text says all.
     */
    public String explainLastFailure() {
        return provider.explainLastFailure();
    }

    MemorySegment find(NativeLibrary library, String symbol, FunctionDescriptor descriptor) {
        return provider.find(library, symbol, descriptor);
    }
}
