package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.device.spi.KernelTwins;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LmKernelTwinsTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void resultsDependNeitherOnTheOrderOfTasksNorOnTheirThreads(long seed) {
        Map<String, TestLaunch> inOrder = ExampleLaunches.all(seed);
        Map<String, TestLaunch> shuffled = ExampleLaunches.all(seed);
        inOrder.forEach((kernel, launch) -> {
            launch.run(kernel);
            shuffled.get(kernel).shuffled(seed).run(kernel);
            List<MemorySegment> expected = launch.memory();
            List<MemorySegment> actual = shuffled.get(kernel).memory();
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(-1, expected.get(i).mismatch(actual.get(i)), kernel + ", buffer " + i);
            }
        });
    }

    @Test
    void areDeclaredAsAServiceForTheModulePathAndForTheClassPath() throws IOException {
        Module module = LmKernelTwins.class.getModule();
        assertTrue(!module.isNamed() || module.getDescriptor().provides().stream().anyMatch(provided ->
                provided.service().equals(KernelTwins.class.getName()) && provided.providers().contains(LmKernelTwins.class.getName())));
        try (InputStream services = LmKernelTwins.class.getResourceAsStream("/META-INF/services/" + KernelTwins.class.getName())) {
            assertEquals(LmKernelTwins.class.getName(), new String(services.readAllBytes(), StandardCharsets.US_ASCII).strip());
        }
    }
}
