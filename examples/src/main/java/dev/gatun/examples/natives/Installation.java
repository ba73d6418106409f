package dev.gatun.examples.natives;

import dev.gatun.device.NativesFolder;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A natives folder, to which sets of libraries are added and from which they are removed, each as a whole: a set is made under a name
 * that begins with a dot, which the loader passes over, and gets its own when it is complete. What an interrupted installation has left
 * goes with the next.
 *
 * @param folder the natives folder, see {@link NativesFolder}
 * @param wheels the wheels of a set
 */
public record Installation(Path folder, List<Wheel> wheels) {
    private static final String UNFINISHED = ".unfinished-";

    /** Gets the files of all wheels. */
    @FunctionalInterface
    public interface Source {
        /**
         * Returns the wheels' files.
         *
         * @param scratch an empty folder that may be used, and is deleted afterwards
         * @throws IOException if they cannot be had
         */
        List<Path> get(Path scratch) throws IOException;
    }

    /** Returns the folder of the set, whether or not it is installed; its name holds the versions of CUDA and cuDNN. */
    public Path set() {
        return folder.resolve("cuda-" + version("nvidia-cuda-runtime") + "-cudnn-" + version("nvidia-cudnn-cu13"));
    }

    private String version(String name) {
        return wheels.stream().filter(wheel -> wheel.name().equals(name)).findFirst().orElseThrow().version();
    }

    /**
     * Unpacks the wheels, once each has been found to be the pinned one; does nothing if the set is there.
     *
     * @throws IOException if one is missing, another file, or cannot be unpacked, or another process installs; nothing is changed then
     */
    public void install(Source source) throws IOException {
        Files.createDirectories(folder);
        try (FileChannel channel = FileChannel.open(folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = lock(channel)) {
            deleteUnfinished();
            if (Files.exists(set())) {
                return;
            }
            Path unfinished = Files.createTempDirectory(folder, UNFINISHED);
            try {
                List<Path> files = source.get(Files.createDirectory(unfinished.resolve("scratch")));
                Path complete = Files.createDirectory(unfinished.resolve("set"));
                List<Path> found = new ArrayList<>();
                for (Wheel wheel : wheels) {
                    found.add(find(wheel, files));
                    wheel.verify(found.getLast());
                }
                for (Path file : found) {
                    WheelFile.unpack(file, complete);
                }
                Files.move(complete, set(), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                delete(unfinished);
            }
        }
    }

    private static Path find(Wheel wheel, List<Path> files) throws IOException {
        List<String> names = files.stream().map(file -> file.getFileName().toString()).toList();
        return files.stream().filter(wheel::isNameOf).findFirst().orElseThrow(() -> new IOException("the wheel of " + wheel.name() + " "
                + wheel.version() + " (" + wheel.name().replace('-', '_') + "-" + wheel.version() + "-….whl) is missing"
                + (names.isEmpty() ? "" : " among " + String.join(", ", names))));
    }

    private FileLock lock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return lock;
            }
        } catch (OverlappingFileLockException e) {
            // This process does; the message is the same.
        }
        throw new IOException(folder + ": another installation is at work there");
    }

    private void deleteUnfinished() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            for (Path unfinished : all.filter(path -> path.getFileName().toString().startsWith(UNFINISHED)).toList()) {
                delete(unfinished);
            }
        }
    }

    /**
     * Removes a set by its name.
     *
     * @throws IOException if there is none of that name, or it cannot be deleted
     */
    public void remove(String name) throws IOException {
        Path set = NativesFolder.sets(folder).stream().filter(path -> path.getFileName().toString().equals(name)).findFirst()
                .orElseThrow(() -> new IOException("no set '" + name + "' is installed in " + folder));
        Path unfinished = Files.createTempDirectory(folder, UNFINISHED);
        Files.move(set, unfinished.resolve("set"), StandardCopyOption.ATOMIC_MOVE);
        delete(unfinished);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
