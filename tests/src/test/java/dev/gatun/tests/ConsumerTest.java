package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program of somebody else's uses the bindings, with the software device found at run time; no warning is printed. */
class ConsumerTest {
    private static final Path SOURCES = Path.of("src/test/consumer/src/main/java");
    private static final String OUTPUT = "6.0\n8.0\n30.0\n40.0\n";

    @TempDir
    private Path classes;

    @Test
    void worksOnTheClassPath() throws Exception {
        compile("-cp", libraries(), SOURCES.resolve("consumer/Product.java").toString());
        Forked run = Forked.java("--enable-native-access=ALL-UNNAMED", "-cp", classes + File.pathSeparator + libraries(),
                "consumer.Product");
        assertEquals(OUTPUT, run.succeeded());
    }

    @Test
    void worksOnTheModulePath() throws Exception {
        compile("-p", libraries(), SOURCES.resolve("module-info.java").toString(), SOURCES.resolve("consumer/Product.java").toString());
        Forked run = Forked.java("--enable-native-access=dev.gatun.bindings,dev.gatun.host", "-p",
                classes + File.pathSeparator + libraries(), "-m", "consumer/consumer.Product");
        assertEquals(OUTPUT, run.succeeded());
    }

    @Test
    void aMissingSoftwareDeviceIsNamed() throws Exception {
        compile("-cp", libraries(), SOURCES.resolve("consumer/Product.java").toString());
        Forked run = Forked.java("--enable-native-access=ALL-UNNAMED", "-cp",
                classes + File.pathSeparator + Forked.classPathOf("gatun-bindings", "bindings/target/classes"), "consumer.Product");
        assertEquals(1, run.exitCode(), run.output());
        assertTrue(run.output().contains("gatun-host-device"), run.output());
    }

    /** The bindings and the software device, with what the latter needs. */
    private static String libraries() {
        return Forked.classPathOf("gatun-bindings", "bindings/target/classes", "gatun-host-device", "host-device/target/classes", "dnnl-");
    }

    private void compile(String... arguments) {
        StringWriter output = new StringWriter();
        PrintWriter writer = new PrintWriter(output);
        Stream<String> options = Stream.of("-Xlint:all", "-d", classes.toString());
        int exitCode = ToolProvider.findFirst("javac").orElseThrow().run(writer, writer,
                Stream.concat(options, Arrays.stream(arguments)).toArray(String[]::new));
        assertEquals(0, exitCode, output::toString);
    }
}
