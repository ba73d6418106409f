package dev.gatun.examples.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Downloads the wheels with the pip of this machine, from wherever that is set up to look. */
public final class Pip {
    private static final List<List<String>> PROGRAMS = List.of(List.of("python3", "-m", "pip"), List.of("python", "-m", "pip"),
            List.of("pip3"), List.of("pip"));

    private Pip() {}

    /**
     * Downloads NVIDIA's wheels; pip checks their digests, and prints what it does.
     *
     * @param folder an empty folder, which is filled
     * @return the files
     * @throws IOException if there is no pip, or it fails
     */
    public static List<Path> download(Path folder) throws IOException {
        Path requirements = Files.writeString(folder.resolve("wheels.txt"), Wheel.requirements());
        List<String> command = new ArrayList<>(program());
        command.addAll(List.of("download", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes",
                "--platform", "manylinux_2_27_x86_64", "--platform", "manylinux_2_17_x86_64", "--platform", "manylinux2014_x86_64",
                "--dest", folder.toString(), "--requirement", requirements.toString()));
        int exitCode = run(new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.INHERIT));
        if (exitCode != 0) {
            List<String> wheels = Wheel.nvidias().stream().map(wheel -> wheel.name() + "==" + wheel.version()).toList();
            throw new IOException("pip could not download NVIDIA's wheels (exit code " + exitCode + "; its messages are above)."
                    + " Where it has no way out, get the files elsewhere and name them with --from: " + String.join(", ", wheels));
        }
        return wheelsIn(folder);
    }

    /**
     * Returns the wheels among the files in a folder.
     *
     * @throws IOException if it cannot be read
     */
    public static List<Path> wheelsIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".whl")).sorted().toList();
        }
    }

    private static List<String> program() throws IOException {
        for (List<String> program : PROGRAMS) {
            List<String> command = Stream.concat(program.stream(), Stream.of("--version")).toList();
            try {
                if (run(new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)) == 0) {
                    return program;
                }
            } catch (IOException e) {
                // There is no such program; the next may be there.
            }
        }
        throw new IOException("there is no pip to download with (python3 -m pip, pip3 or pip); install it, or name the wheels' files"
                + " with --from");
    }

    private static int run(ProcessBuilder builder) throws IOException {
        Process process = builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile())).start();
        try {
            return process.waitFor();
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
