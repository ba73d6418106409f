package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.gatun.device.Device;
import dev.gatun.device.DeviceException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** NVIDIA's libraries are installed but there is no GPU: the choice of a device, each in a JVM of its own. */
class DeviceChoiceTest {
    @BeforeEach
    void noGpu() {
        assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "this machine has an NVIDIA GPU; these tests are about those that have none");
    }

    @Test
    void askingForCudaNamesTheMissingDriver() throws Exception {
        Forked run = choose("CUDA");
        assertEquals(1, run.exitCode(), run.output());
        assertTrue(run.output().startsWith("no NVIDIA driver (libcuda.so.1"), run.output());
        assertTrue(run.output().contains("Install NVIDIA's driver"), run.output());
    }

    @Test
    void autoTakesTheHostDeviceAndSaysWhy() throws Exception {
        String output = choose("AUTO").succeeded();
        assertEquals(1, output.lines().count(), output);
        assertTrue(output.contains("no GPU: no NVIDIA driver"), output);
    }

    private static Forked choose(String choice) throws Exception {
        return Forked.java("--enable-native-access=ALL-UNNAMED", "-Dgatun.cuda.path=" + Peers.nvidiaWheels(), "-cp",
                System.getProperty("java.class.path"), Choose.class.getName(), choice);
    }

    /** Chooses a device and prints which, or the error. */
    static final class Choose {
        public static void main(String[] arguments) {
            try {
                System.out.println(Device.choose(Device.Choice.valueOf(arguments[0])).describe());
            } catch (DeviceException e) {
                System.out.println(e.getMessage());
                System.exit(1);
            }
        }
    }
}
