package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        String message = "no " + path + ": run .ci/setup-peers.sh, or set GATUN_PEERS to a folder that it has set up";
        return "true".equals(System.getenv("CI")) ? fail(message) : abort(message);
    }
}
