package dev.gatun.host;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A Java program of the tests run in a JVM of its own; its output and exit status. */
record ChildJvm(int exitStatus, String output) {
    private static final long SECONDS = 120;
    private static final Pattern PROJECT = Pattern.compile("dnnl|bindings|host-device");

    /** Runs a main class with these JVM options on the class path of the tests. */
    static ChildJvm onClassPath(Class<?> main, String... options) throws IOException, InterruptedException {
        return onClassPath(System.getProperty("java.class.path"), main, options);
    }

    /** Runs a main class with these JVM options on the class path of the tests without what has {@code leftOut} in its path. */
    static ChildJvm onClassPathWithout(String leftOut, Class<?> main, String... options) throws IOException, InterruptedException {
        String separator = System.getProperty("path.separator");
        return onClassPath(Arrays.stream(System.getProperty("java.class.path").split(separator)).filter(path -> !path.contains(leftOut))
                .collect(Collectors.joining(separator)), main, options);
    }

    private static ChildJvm onClassPath(String classPath, Class<?> main, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classPath));
        command.addAll(List.of(options));
        command.add(main.getName());
        return run(command);
    }

    /** Runs a main class of the tests' folder, with the project's modules and oneDNN on the module path. */
    static ChildJvm onModulePath(Class<?> main, String... options) throws IOException, InterruptedException {
        String separator = System.getProperty("path.separator");
        Path tests = Path.of(URI.create(main.getProtectionDomain().getCodeSource().getLocation().toString()));
        String modules = Arrays.stream(System.getProperty("java.class.path").split(separator))
                .filter(path -> PROJECT.matcher(path).find() && !Path.of(path).equals(tests)).collect(Collectors.joining(separator));
        List<String> command = new ArrayList<>(List.of("--enable-native-access=ALL-UNNAMED,dev.gatun.bindings,dev.gatun.host",
                "--module-path", modules, "--add-modules", "dev.gatun.host", "-cp", tests.toString()));
        command.addAll(List.of(options));
        command.add(main.getName());
        return run(command);
    }

    private static ChildJvm run(List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        // The programs compute little, and many threads would wait for each other most of the time.
        builder.environment().put("OMP_NUM_THREADS", "1");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("the child JVM did not end: " + output);
        }
        return new ChildJvm(process.exitValue(), output);
    }
}
