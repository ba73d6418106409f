package dev.gatun.examples.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.device.NativesFolder;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sets of libraries from small wheels made here: what is taken, what is refused, and that a set is whole or not there. */
class InstallationTest {
    private static final String RUNTIME = "nvidia_cuda_runtime-13.0-py3-none-any.whl";
    private static final String CUDNN = "nvidia_cudnn_cu13-9.1-py3-none-any.whl";

    @TempDir
    Path folder;

    private Path natives;
    private Path runtime;
    private Path cudnn;

    @BeforeEach
    void makeWheels() throws Exception {
        natives = folder.resolve("natives");
        runtime = wheel(RUNTIME, "nvidia/cu13/lib/libcudart.so.13", "nvidia/cu13/include/cuda.h",
                "nvidia_cuda_runtime-13.0.dist-info/licenses/License.txt", "nvidia_cuda_runtime-13.0.dist-info/RECORD");
        cudnn = wheel(CUDNN, "nvidia/cudnn/lib/libcudnn.so.9", "nvidia/cudnn/lib/libcudnn_ops.so.9", "nvidia/cudnn/lib/libcudnn.a");
    }

    /** Writes a zip archive in which every entry holds its own name. */
    private Path wheel(String name, String... entries) throws IOException {
        Path file = folder.resolve(name);
        try (OutputStream out = Files.newOutputStream(file); ZipOutputStream zip = new ZipOutputStream(out)) {
            for (String entry : entries) {
                zip.putNextEntry(new ZipEntry(entry));
                zip.write(entry.getBytes());
            }
        }
        return file;
    }

    private static String sha256(Path file) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    /** Pins the two wheels as they are now. */
    private Installation installation() throws Exception {
        return new Installation(natives, List.of(new Wheel("nvidia-cuda-runtime", "13.0", sha256(runtime)),
                new Wheel("nvidia-cudnn-cu13", "9.1", sha256(cudnn))));
    }

    private Installation.Source files() {
        return scratch -> List.of(runtime, cudnn);
    }

    /** Fails unless the installation is refused in these words, and has left nothing that could be used. */
    private void assertRefused(Installation installation, Installation.Source source, String... words) throws IOException {
        String message = assertThrows(IOException.class, () -> installation.install(source)).getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), message + " should contain: " + word);
        }
        assertEquals(List.of(".lock"), names(natives));
        assertEquals(List.of(), NativesFolder.sets(natives));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void librariesAndLicencesAreTakenAndNothingElse() throws Exception {
        installation().install(files());
        Path set = natives.resolve("cuda-13.0-cudnn-9.1");
        assertEquals(List.of(set), NativesFolder.sets(natives));
        TreeSet<String> found = new TreeSet<>();
        try (Stream<Path> all = Files.walk(set)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                found.add(set.relativize(file).toString());
                assertEquals(set.relativize(file).toString(), Files.readString(file));
            }
        }
        assertEquals(new TreeSet<>(List.of("nvidia/cu13/lib/libcudart.so.13", "nvidia/cudnn/lib/libcudnn.so.9",
                "nvidia/cudnn/lib/libcudnn_ops.so.9", "nvidia_cuda_runtime-13.0.dist-info/licenses/License.txt")), found);
        assertEquals(List.of(".lock", "cuda-13.0-cudnn-9.1"), names(natives));
    }

    @Test
    void aWheelWithAnotherDigestIsRefused() throws Exception {
        Installation installation = installation();
        String expected = sha256(cudnn);
        wheel(CUDNN, "nvidia/cudnn/lib/libcudnn.so.9");
        assertRefused(installation, files(), cudnn.toString(), expected, sha256(cudnn));
    }

    @Test
    void aWheelThatIsCutOffIsRefused() throws Exception {
        Installation installation = installation();
        byte[] whole = Files.readAllBytes(cudnn);
        Files.write(cudnn, Arrays.copyOf(whole, whole.length / 2));
        assertRefused(installation, files(), "nvidia-cudnn-cu13 9.1", "SHA-256");
    }

    @Test
    void aMissingWheelIsNamed() throws Exception {
        assertRefused(installation(), scratch -> List.of(runtime), "the wheel of nvidia-cudnn-cu13 9.1 (nvidia_cudnn_cu13-9.1-", RUNTIME);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../evil.so", "nvidia/x/lib/../../../../../evil.so", "/evil.so", "nvidia/x/lib/..\\..\\evil.so",
        "nvidia/../../evil.txt"})
    void aPathThatLeadsOutOfTheFolderIsRefused(String path) throws Exception {
        wheel(CUDNN, "nvidia/cudnn/lib/libcudnn.so.9", path);
        assertRefused(installation(), files(), cudnn.toString(), "'" + path + "'");
        try (Stream<Path> all = Files.walk(folder)) {
            assertFalse(all.anyMatch(file -> file.getFileName().toString().contains("evil")));
        }
    }

    @Test
    void aFileThatIsNoWheelIsRefused() throws Exception {
        Files.writeString(cudnn, "not a wheel");
        assertRefused(installation(), files(), cudnn + ": not a wheel");
    }

    @Test
    void aWheelWithoutLibrariesIsRefused() throws Exception {
        wheel(CUDNN, "nvidia/cudnn/include/cudnn.h");
        assertRefused(installation(), files(), cudnn + ": there is no library in it");
    }

    @Test
    void aDownloadThatFailsLeavesNothing() throws Exception {
        assertRefused(installation(), scratch -> {
            Files.writeString(scratch.resolve("half.whl"), "half");
            throw new IOException("the line is dead");
        }, "the line is dead");
    }

    /** As a process that is killed leaves it: unpacked under the name of an unfinished set. */
    @Test
    void whatAKilledInstallationLeftIsNotUsedAndGoesWithTheNext() throws Exception {
        Path left = Files.createDirectories(natives.resolve(".unfinished-7/set/nvidia/cudnn/lib"));
        Files.writeString(left.resolve("libcudnn.so.9"), "half");
        assertEquals(List.of(), NativesFolder.sets(natives));
        installation().install(files());
        assertEquals(List.of(".lock", "cuda-13.0-cudnn-9.1"), names(natives));
    }

    @Test
    void twoInstallationsAtOnceAreRefused() throws Exception {
        Installation installation = installation();
        assertRefused(installation, scratch -> {
            installation.install(files());
            throw new AssertionError("the second went on");
        }, "another installation is at work there");
    }

    @Test
    void aSetThatIsThereIsLeftAlone() throws Exception {
        installation().install(files());
        installation().install(scratch -> {
            throw new AssertionError("nothing needs to be got");
        });
    }

    @Test
    void aSetIsRemovedByItsName() throws Exception {
        Installation installation = installation();
        installation.install(files());
        String message = assertThrows(IOException.class, () -> installation.remove("..")).getMessage();
        assertTrue(message.contains("no set '..' is installed"), message);
        installation.remove("cuda-13.0-cudnn-9.1");
        assertEquals(List.of(".lock"), names(natives));
    }

    @Test
    void thePinnedVersionsAreThoseThatTheBindingsAreGeneratedFrom() throws IOException {
        Properties versions = new Properties();
        try (var reader = Files.newBufferedReader(Path.of("../native-headers/versions.properties"))) {
            versions.load(reader);
        }
        for (Wheel wheel : Wheel.nvidias()) {
            assertEquals(versions.getProperty(wheel.name()), wheel.version(), wheel.name());
        }
        assertEquals(4, Wheel.nvidias().size());
    }
}
