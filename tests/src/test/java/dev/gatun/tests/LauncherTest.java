package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that people start. It builds nothing here, as the modules have been packaged before these tests run. */
class LauncherTest {
    private static final Path SCRIPT = Launcher.SCRIPT;

    @TempDir
    private Path folder;

    /** Runs a script through {@code env}, in {@link #folder}. */
    private Forked run(List<String> environment, Path script, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("env", "-C", folder.toString()));
        command.addAll(environment);
        command.add(script.toString());
        command.addAll(Arrays.asList(arguments));
        return Forked.run(command);
    }

    @Test
    void itTrainsFromAnyFolderThroughALinkAndPathsStayThoseOfTheCaller() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link to gatun"), SCRIPT);
        Files.writeString(folder.resolve("a text.txt"), "the lock lifts the ship\n".repeat(100));
        String output = run(List.of("GATUN_DEVICE=host"), link, "train", "--data", "a text.txt", "--embed", "8", "--hidden", "8",
                "--batch", "2", "--seq", "5", "--steps", "3", "--words", "5", "--out", "my run").succeeded();
        Files.delete(link); // or JUnit warns that its target lies outside the folder
        assertTrue(output.startsWith("device: host device"), output);
        assertTrue(Files.size(folder.resolve("my run/model.safetensors")) > 0);
    }

    @Test
    void itPassesTheExitCodeOn() throws Exception {
        assertEquals(1, run(List.of(), SCRIPT, "train", "--data", "none.txt").exitCode());
        assertEquals(2, run(List.of(), SCRIPT, "train", "--hidden", "0").exitCode());
    }

    @Test
    void aJavaThatIsTooOldOrNoneIsPassedOver() throws Exception {
        Path old = Files.createDirectories(folder.resolve("old/bin")).getParent();
        Files.writeString(old.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");
        for (String tool : List.of("java", "javac")) {
            Path file = Files.writeString(old.resolve("bin").resolve(tool), "#!/bin/sh\necho started the wrong java\nexit 9\n");
            assertTrue(file.toFile().setExecutable(true));
        }
        String thisJdk = System.getProperty("java.home");
        String path = "PATH=" + old + "/bin:/usr/bin:/bin";
        assertVersion(run(List.of("GATUN_JAVA_HOME=" + old, "JAVA_HOME=" + thisJdk, path), SCRIPT, "--version"));
        assertVersion(run(List.of("GATUN_JAVA_HOME=" + thisJdk, "JAVA_HOME=" + folder.resolve("none")), SCRIPT, "--version"));
    }

    @Test
    void itKeepsTheStateOfItsFirstRun() throws IOException {
        try (Stream<Path> files = Files.list(SCRIPT.resolveSibling("examples/target"))) {
            assertTrue(files.anyMatch(file -> file.toString().endsWith(".aot") && file.toFile().length() > 0));
        }
    }

    @Test
    void whatWasPreparedForOtherOptionsIsPassedOverInSilence() throws Exception {
        assertVersion(run(List.of("GATUN_JAVA_OPTS=-XX:-UseCompressedOops"), SCRIPT, "--version"));
    }

    private static void assertVersion(Forked outcome) {
        assertTrue(outcome.succeeded().startsWith("gatun "), outcome.output());
    }

    @Test
    void withoutANewEnoughJdkItSaysWhatToInstall() throws Exception {
        Path demanding = Files.writeString(folder.resolve("gatun"), Files.readString(SCRIPT).replace("needed=25", "needed=9999"));
        assertTrue(demanding.toFile().setExecutable(true));
        Forked outcome = run(List.of(), demanding, "--version");
        assertEquals(1, outcome.exitCode());
        assertTrue(outcome.output().contains("a JDK 9999 or newer is needed"), outcome.output());
        assertTrue(outcome.output().contains("GATUN_JAVA_HOME"), outcome.output());
    }
}
