package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Maven project of somebody else's depends on the artifacts as they are published, compiles against them, and passes its test.
 *
 * <p>The artifacts come from a repository of their own, everything else from the local repository that this build has filled,
 * so that nothing is downloaded and nothing of Gatun is installed there.
 */
class ConsumerProjectTest {
    private static final String VERSION = System.getProperty("gatun.version");

    @TempDir
    private static Path folder;

    private static Path repository;

    @BeforeAll
    static void publish() throws IOException {
        repository = folder.resolve("repository");
        Files.copy(Path.of("../pom.xml"), published("gatun", "pom"));
        for (String module : List.of("bindings", "host-device")) {
            String artifact = "gatun-" + module;
            Files.copy(Path.of("..", module, "pom.xml"), published(artifact, "pom"));
            Files.copy(Path.of("..", module, "target", artifact + "-" + VERSION + ".jar"), published(artifact, "jar"));
        }
    }

    private static Path published(String artifact, String extension) throws IOException {
        return Files.createDirectories(repository.resolve("dev/gatun").resolve(artifact).resolve(VERSION))
                .resolve(artifact + "-" + VERSION + "." + extension);
    }

    @Test
    void itBuildsAndPassesItsTest() throws Exception {
        Path project = folder.resolve("consumer");
        copy(Path.of("src/test/consumer"), project);
        Path settings = Files.writeString(folder.resolve("settings.xml"), settings());

        String output = Forked.run(List.of(System.getProperty("maven.home") + "/bin/mvn", "-B", "-ntp", "-o",
                "-Daether.offline.protocols=file", "-s", settings.toString(), "-Dmaven.repo.local=" + folder.resolve("local"),
                "-Dgatun.version=" + VERSION, "-f", project.toString(), "test")).succeeded();

        assertTrue(output.contains("Tests run: 1, Failures: 0, Errors: 0, Skipped: 0"), output);
        assertFalse(output.contains("restricted method"), output);
    }

    /** Returns settings in which the two repositories are the only ones that can be reached. */
    private static String settings() {
        String repositories = "";
        String plugins = "";
        for (Path place : List.of(repository, Path.of(System.getProperty("localRepository")))) {
            // A local repository keeps no checksums.
            String body = "<id>r" + repositories.length() + "</id><url>" + place.toUri() + "</url>"
                    + "<releases><checksumPolicy>ignore</checksumPolicy></releases>"
                    + "<snapshots><checksumPolicy>ignore</checksumPolicy></snapshots>";
            repositories += "<repository>" + body + "</repository>";
            plugins += "<pluginRepository>" + body + "</pluginRepository>";
        }
        return "<settings><profiles><profile><id>files</id><repositories>" + repositories + "</repositories>"
                + "<pluginRepositories>" + plugins + "</pluginRepositories></profile></profiles>"
                + "<activeProfiles><activeProfile>files</activeProfile></activeProfiles></settings>";
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }
}
