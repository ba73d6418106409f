package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code gatun natives} installs in a cache folder of this test's, and whether the loader finds it there. */
class InstalledNativesTest {
    @TempDir
    private Path cache;

    /** Runs a main class with this cache folder, and nothing that names another place. */
    private Forked java(String extraClassPath, String main, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("env", "-u", "GATUN_CUDA_PATH", "-u", "CUDA_HOME", "-u", "CUDA_PATH",
                "XDG_CACHE_HOME=" + cache, Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", extraClassPath + System.getProperty("java.class.path"), main));
        command.addAll(Arrays.asList(arguments));
        return Forked.run(command);
    }

    private Forked gatun(String... arguments) throws Exception {
        return java("", "dev.gatun.examples.Gatun", arguments);
    }

    /** Opens NVIDIA's libraries without a driver. */
    private Forked open() throws Exception {
        Forked run = java("src/test/nvidia" + File.pathSeparator, NvidiaLibrariesTest.Open.class.getName());
        return run.output().contains("from /usr") ? abort("a toolkit is installed, and comes first: " + run.output()) : run;
    }

    private Path link(String set) throws Exception {
        Path folder = Files.createDirectories(cache.resolve("gatun/natives").resolve(set));
        return Files.createSymbolicLink(folder.resolve("nvidia"), Peers.nvidiaWheels());
    }

    @Test
    void theLoaderFindsACompleteSet() throws Exception {
        Path link = link("a-set");
        Forked run = open();
        Files.delete(link); // or JUnit warns that its target lies outside the folder
        assertTrue(run.succeeded().contains("from " + cache.resolve("gatun/natives/a-set")), run.output());
    }

    @Test
    void theLoaderPassesOverASetThatIsNotComplete() throws Exception {
        Path link = link(".unfinished-1");
        Forked run = open();
        Files.delete(link);
        assertEquals(1, run.exitCode(), run.output());
        assertTrue(run.output().contains("gatun natives install"), run.output());
        assertFalse(run.output().contains(".unfinished-1"), run.output());
    }

    @Test
    void nothingIsInstalledWithoutConsent() throws Exception {
        Forked run = gatun("natives", "install");
        assertEquals(1, run.exitCode(), run.output());
        assertTrue(run.output().contains("docs.nvidia.com/cuda/eula") && run.output().contains("--accept-licence"), run.output());
        assertFalse(Files.exists(cache.resolve("gatun")));
    }

    @Test
    void aFolderWithoutTheWheelsIsRefusedNamingTheFirst() throws Exception {
        Forked run = gatun("natives", "install", "--accept-licence", "--from", Files.createDirectory(cache.resolve("empty")).toString());
        assertEquals(1, run.exitCode(), run.output());
        assertTrue(run.output().contains("gatun natives install: the wheel of nvidia-cuda-runtime 13.0.96"), run.output());
        assertTrue(gatun("natives", "list").succeeded().startsWith("none in " + cache.resolve("gatun/natives")));
    }

    /** Downloads 1 GB with pip, from wherever this machine's is set up to look. */
    @Tag("full")
    @Test
    void nvidiasWheelsAreInstalledFoundAndRemoved() throws Exception {
        Forked install = gatun("natives", "install", "--accept-licence");
        if (install.output().contains("pip could not download") || install.output().contains("there is no pip")) {
            String message = "pip does not get NVIDIA's wheels here: " + install.output();
            assertFalse("true".equals(System.getenv("CI")), message);
            abort(message);
        }
        String set = install.succeeded().lines().toList().getLast().replaceFirst("installed: .*/", "");
        assertTrue(gatun("natives", "list").succeeded().startsWith(set + "  1.8 GB"));
        assertTrue(open().succeeded().contains("CUDA 13, cuDNN 9.24.0"));
        assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "this machine has an NVIDIA GPU; what follows is about those that have none");
        Forked doctor = gatun("doctor", "--device", "cuda");
        assertEquals(1, doctor.exitCode(), doctor.output());
        assertTrue(doctor.output().contains("natives/" + set) && doctor.output().contains("no NVIDIA driver"), doctor.output());
        gatun("natives", "remove", set).succeeded();
        assertTrue(gatun("natives", "list").succeeded().startsWith("none in"));
    }
}
