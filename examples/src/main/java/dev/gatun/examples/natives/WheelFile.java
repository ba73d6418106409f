package dev.gatun.examples.natives;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** Takes the shared libraries and their licences out of a wheel, which is a zip archive. */
final class WheelFile {
    private static final Pattern LIBRARY = Pattern.compile("nvidia/[\\w./-]+/lib/[\\w.-]+\\.so[\\w.-]*");
    private static final Pattern LICENCE = Pattern.compile("[\\w.-]+\\.dist-info/licenses/[\\w./ -]+");

    private WheelFile() {}

    /**
     * Unpacks into a folder, where the paths are those of the wheel.
     *
     * @throws IOException if the file is no wheel, holds no library, or holds a path that leads out of the folder
     */
    static void unpack(Path wheel, Path folder) throws IOException {
        int libraries = 0;
        try (ZipFile zip = new ZipFile(wheel.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                Path target = folder.resolve(entry.getName()).normalize();
                // Whether or not it is taken: a wheel with such a path is not what it seems.
                if (!target.startsWith(folder) || entry.getName().contains("\\")) {
                    throw new IOException(wheel + ": the path '" + entry.getName() + "' in it leads elsewhere; nothing of it is used");
                }
                boolean library = LIBRARY.matcher(entry.getName()).matches();
                if (library || LICENCE.matcher(entry.getName()).matches() && !entry.isDirectory()) {
                    Files.createDirectories(target.getParent());
                    try (InputStream content = zip.getInputStream(entry)) {
                        Files.copy(content, target);
                    }
                    libraries += library ? 1 : 0;
                }
            }
        } catch (ZipException e) {
            throw new IOException(wheel + ": not a wheel: " + e.getMessage(), e);
        }
        if (libraries == 0) {
            throw new IOException(wheel + ": there is no library in it (nvidia/…/lib/*.so)");
        }
    }
}
