package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Libraries of NVIDIA's that are missing, broken or do not belong together: refused in words before one of them aborts the process. */
class MixedLibrariesViolationTest {
    @TempDir
    Path folder;

    private LinkedLibraries libraries;

    @BeforeEach
    void open() {
        libraries = new LinkedLibraries(folder);
    }

    @AfterEach
    void close() throws IOException {
        libraries.close();
    }

    @Test
    void aLoneCudnnIsRefusedNamingItsMissingParts() throws Exception {
        libraries.link("libcudnn.so.9", LinkedLibraries.cudnn("libcudnn.so.9"));
        refused("libcudart.so.13, libcublasLt.so.13, libcublas.so.13, libcudnn_graph.so.9, libcudnn_ops.so.9, libcudnn_adv.so.9 missing");
    }

    @Test
    void aMissingPartOfCudnnIsNamed() throws Exception {
        libraries.linkCuda("lib64", 13);
        for (String part : LinkedLibraries.CUDNN) {
            if (!part.startsWith("libcudnn_adv")) {
                libraries.link("lib64/" + part, LinkedLibraries.cudnn(part));
            }
        }
        refused("for CUDA 13, libcudnn_adv.so.9 missing");
    }

    @Test
    void cudartAloneIsRefused() throws Exception {
        libraries.link("libcudart.so.13", LinkedLibraries.cuda("libcudart.so"));
        refused("for CUDA 13, libcublasLt.so.13, libcublas.so.13, libcudnn_graph.so.9");
    }

    @Test
    void aFolderWithoutLibrariesIsRefused() throws Exception {
        refused(folder + ": none of CUDA's libraries");
    }

    @Test
    void cudnnIsNotPutTogetherFromTwoPlaces() throws Exception {
        libraries.linkCuda("lib64", 13);
        libraries.link("lib64/libcudnn.so.9", LinkedLibraries.cudnn("libcudnn.so.9"));
        for (String part : LinkedLibraries.CUDNN.subList(0, 3)) {
            libraries.link("cudnn/lib/" + part, LinkedLibraries.cudnn(part));
        }
        refused("for CUDA 13, libcudnn.so.9 missing");
    }

    @Test
    void aCudnnForAnotherCudaIsRefused() throws Exception {
        libraries.linkCuda("lib64", 12);
        libraries.linkCudnn("lib64");
        refused("cuDNN is built for CUDA 13 and the runtime is CUDA 12");
    }

    @Test
    void aFileThatIsNoLibraryIsRefused() throws Exception {
        libraries.linkCuda("lib64", 13);
        libraries.linkCudnn("lib64");
        Path broken = folder.resolve("lib64/libcublas.so.13");
        Files.delete(broken);
        Files.writeString(broken, "not a library");
        refused("libcublas.so.13");
    }

    @Test
    void aSecondCopyInTheProcessIsRefused() throws Exception {
        Path other = folder.resolve("other/libcudart.so.13");
        Files.createDirectories(other.getParent());
        Files.copy(LinkedLibraries.cuda("libcudart.so"), other);
        Forked run = Forked.onNvidiasLibraries(Peers.nvidiaWheels(), NvidiaLibrariesTest.Open.class, other);
        assertRefused(run, other.toRealPath() + " is in this process already, and would be mixed with");
    }

    private void refused(String words) throws Exception {
        assertRefused(Forked.onNvidiasLibraries(folder, NvidiaLibrariesTest.Open.class), words);
    }

    /** An exit code of 1 is the refusal's; a process that cuDNN aborts has another. */
    private static void assertRefused(Forked run, String words) {
        assertEquals(1, run.exitCode(), run.output());
        assertTrue(run.output().contains(words) && run.output().contains("Install the CUDA toolkit"), run.output());
    }
}
