package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * What tests compare with and the project does not ship. A test that lacks it is skipped, with a message; in CI
 * ({@code CI=true}) the peers that {@code .ci/setup-peers.sh} sets up must be there, so it fails.
 */
final class Peers {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private Peers() {}

    /** Returns a Python that has PyTorch: that of the folder {@code .peers} or of the one that {@code GATUN_PEERS} names. */
    static Path python() {
        Path python = folder().resolve("venv/bin/python");
        return Files.isExecutable(python) ? python : missingPeer(python);
    }

    /** Returns the folder in which pip has put NVIDIA's wheels. */
    static Path nvidiaWheels() throws IOException {
        Path lib = folder().resolve("venv/lib");
        try (Stream<Path> pythons = Files.isDirectory(lib) ? Files.list(lib) : Stream.empty()) {
            return pythons.map(python -> python.resolve("site-packages/nvidia")).filter(Files::isDirectory).findFirst()
                    .orElseGet(() -> missingPeer(lib.resolve("python*/site-packages/nvidia")));
        }
    }

    /** Returns Chromium or Google's Chrome: the program that {@code GATUN_CHROMIUM} names, or the first one on the path. */
    static Path chromium() {
        String named = System.getenv("GATUN_CHROMIUM");
        Stream<Path> candidates = named != null ? Stream.of(Path.of(named))
                : Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                        .flatMap(folder -> Stream.of("chromium", "chromium-browser", "google-chrome").map(Path.of(folder)::resolve));
        return candidates.filter(Files::isExecutable).findFirst().orElseGet(() -> missing(
                "no Chromium" + (named == null ? " on PATH" : " at " + named) + ": run .ci/setup-peers.sh as root on Debian, install it,"
                        + " or set GATUN_CHROMIUM to the program"));
    }

    /** Returns util-linux's {@code script}, which gives a process a terminal. */
    static Path terminal() {
        Path script = Path.of("/usr/bin/script");
        return Files.isExecutable(script) ? script : missing("no " + script + ": install it; it is of util-linux");
    }

    /** Returns zsh. */
    static Path zsh() {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator)).map(folder -> Path.of(folder, "zsh"))
                .filter(Files::isExecutable).findFirst()
                .orElseGet(() -> missing("no zsh on PATH: run .ci/setup-peers.sh as root on Debian, or install it"));
    }

    /** Returns a script of {@code src/test/python}. */
    static Path script(String name) {
        return ROOT.resolve("tests/src/test/python").resolve(name);
    }

    /** Returns a file of the Penn Treebank in the folder that {@code GATUN_PTB} names; its licence keeps it out of the project. */
    static Path pennTreebank(String file) {
        String folder = System.getenv("GATUN_PTB");
        Path path = (folder == null ? ROOT.resolve("../shared/data/ptb").normalize() : Path.of(folder)).resolve(file);
        return Files.isReadable(path) ? path : abort("no " + path + ": set GATUN_PTB to a folder with the Penn Treebank's ptb.*.txt");
    }

    private static Path folder() {
        String named = System.getenv("GATUN_PEERS");
        return named == null ? ROOT.resolve(".peers") : Path.of(named);
    }

    private static Path missingPeer(Path path) {
        return missing("no " + path + ": run .ci/setup-peers.sh, or set GATUN_PEERS to a folder that it has set up");
    }

    private static Path missing(String message) {
        return "true".equals(System.getenv("CI")) ? fail(message) : abort(message);
    }
}
