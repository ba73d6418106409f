package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A process that a test starts and waits for: its exit code and what it printed, standard error included. */
record Forked(int exitCode, String output) {
    private static final int MINUTES = 10;
    private static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();

    /** Runs a command; fails if it takes too long. */
    static Forked run(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("gatun-test", ".out");
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile())
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null"))).start();
            if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
                process.destroyForcibly().waitFor();
                fail("still running after " + MINUTES + " minutes: " + command + "\n" + Files.readString(output));
            }
            return new Forked(process.exitValue(), Files.readString(output));
        } finally {
            Files.delete(output);
        }
    }

    /** Runs this JDK's {@code java}. */
    static Forked java(String... arguments) throws IOException, InterruptedException {
        return run(Stream.concat(Stream.of(JAVA), Arrays.stream(arguments)).toList());
    }

    /** Runs a main class over NVIDIA's libraries, without a driver, from a folder that holds them. */
    static Forked onNvidiasLibraries(Path folder, Class<?> main, Object... arguments) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("--enable-native-access=ALL-UNNAMED", "-XX:-CreateCoredumpOnCrash",
                "-Dgatun.device=host", "-Dgatun.cuda.path=" + folder, "-cp",
                "src/test/nvidia" + File.pathSeparator + System.getProperty("java.class.path"), main.getName()));
        Arrays.stream(arguments).map(Object::toString).forEach(all::add);
        return java(all.toArray(String[]::new));
    }

    /** Runs a script of {@code src/test/python} with PyTorch. */
    static Forked python(String script, Object... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Peers.python().toString(), Peers.script(script).toString()));
        Arrays.stream(arguments).map(Object::toString).forEach(command::add);
        return run(command);
    }

    /** Runs {@code gatun} on the host device. */
    static Forked gatun(Object... arguments) throws IOException, InterruptedException {
        return run(gatunCommand(arguments));
    }

    /** Returns the command that runs {@code gatun} on the host device. */
    static List<String> gatunCommand(Object... arguments) {
        List<String> command = new ArrayList<>(List.of(JAVA, "--enable-native-access=ALL-UNNAMED", "-Dgatun.device=host", "-cp",
                System.getProperty("java.class.path"), "dev.gatun.examples.Gatun"));
        Arrays.stream(arguments).map(Object::toString).forEach(command::add);
        return command;
    }

    /** Fails unless the process ended well; returns its output. */
    String succeeded() {
        assertEquals(0, exitCode, output);
        return output;
    }

    /** Returns the entries of this JVM's class path whose file names, or Maven modules, start with one of the names. */
    static String classPathOf(String... names) {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> Arrays.stream(names).anyMatch(name -> entry.contains("/" + name)))
                .collect(Collectors.joining(File.pathSeparator));
    }
}
