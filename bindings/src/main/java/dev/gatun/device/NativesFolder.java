package dev.gatun.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The user's own folder of NVIDIA's libraries, where {@code gatun natives install} puts them and {@link Device} finds them: one
 * folder a set, laid out as in NVIDIA's wheels. A set whose name begins with a dot is not complete and is never opened.
 */
public final class NativesFolder {
    private NativesFolder() {}

    /** Returns {@code gatun/natives} in {@code $XDG_CACHE_HOME}, or else in {@code ~/.cache}; it need not exist. */
    public static Path path() {
        String cache = System.getenv("XDG_CACHE_HOME");
        // The XDG base directory specification has relative paths ignored.
        Path base = cache != null && Path.of(cache).isAbsolute() ? Path.of(cache) : Path.of(System.getProperty("user.home"), ".cache");
        return base.resolve("gatun").resolve("natives");
    }

    /**
     * Returns the folders of the complete sets in a natives folder, the last by name first; none if it does not exist.
     *
     * @throws DeviceException if the folder cannot be read
     */
    public static List<Path> sets(Path natives) {
        if (!Files.isDirectory(natives)) {
            return List.of();
        }
        try (Stream<Path> sets = Files.list(natives)) {
            return sets.filter(set -> Files.isDirectory(set) && !set.getFileName().toString().startsWith("."))
                    .sorted(Comparator.reverseOrder()).toList();
        } catch (IOException e) {
            throw new DeviceException("cannot read the folder of installed libraries: " + e);
        }
    }
}
