package dev.gatun.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A folder of links to NVIDIA's libraries, whole or not; JUnit would warn of links that point out of its folder, so that they go. */
record LinkedLibraries(Path folder) implements AutoCloseable {
    static final List<String> CUDNN = List.of("libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_adv.so.9", "libcudnn.so.9");
    private static final List<String> CUDA = List.of("libcudart.so", "libcublasLt.so", "libcublas.so");

    void linkCuda(String below, int major) throws IOException {
        for (String name : CUDA) {
            link(below + "/" + name + "." + major, cuda(name));
        }
    }

    void linkCudnn(String below) throws IOException {
        for (String part : CUDNN) {
            link(below + "/" + part, cudnn(part));
        }
    }

    void link(String below, Path target) throws IOException {
        Path link = folder.resolve(below);
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, target);
    }

    static Path cuda(String name) throws IOException {
        return Peers.nvidiaWheels().resolve("cu13/lib/" + name + ".13");
    }

    static Path cudnn(String name) throws IOException {
        return Peers.nvidiaWheels().resolve("cudnn/lib/" + name);
    }

    @Override
    public void close() throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path link : files.filter(Files::isSymbolicLink).toList()) {
                Files.delete(link);
            }
        }
    }
}
