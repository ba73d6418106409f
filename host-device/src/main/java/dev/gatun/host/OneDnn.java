package dev.gatun.host;

import dev.gatun.host.generated.dnnl.Dnnl;
import dev.gatun.host.generated.dnnl.dnnl_version_t;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.zip.CRC32;

/**
 * The native oneDNN library and the OpenMP runtime that it computes with.
 *
 * <p>Both are files in the platform's jar of {@code org.bytedeco:dnnl}. They are unpacked here rather than by JavaCPP's
 * loader, because nothing else of JavaCPP is needed: one jar suffices instead of five, and it works in the same way on the
 * class path and on the module path. The files are kept in {@code ~/.cache/gatun} ({@code $XDG_CACHE_HOME/gatun} where that
 * is set; {@code -Dgatun.cache} names another folder), with the sizes and dates that they have in the jar; a file of another size
 * or date is checked by the jar's checksum before it is used.
 */
public final class OneDnn {
    private static final String ARTIFACT = "org.bytedeco:dnnl:3.13-1.5.14";
    private static final String OPENMP = "libgomp.so.1";
    private static final String LIBRARY = "libdnnl.so.3";

    /** Null where it could not be loaded. */
    private static final SymbolLookup SYMBOLS;

    private static final UnsatisfiedLinkError FAILURE;

    static {
        SymbolLookup symbols = null;
        UnsatisfiedLinkError failure = null;
        try {
            symbols = load();
        } catch (UnsatisfiedLinkError e) {
            failure = e;
        }
        SYMBOLS = symbols;
        FAILURE = failure;
    }

    private OneDnn() {}

    /** Returns whether the library could be loaded; if not, {@link #find} says why. */
    public static boolean isLoaded() {
        return SYMBOLS != null;
    }

    /**
     * Returns the address of a function of oneDNN or of its OpenMP runtime.
     *
     * @throws UnsatisfiedLinkError if neither has it, or the library could not be loaded; says why
     */
    public static MemorySegment find(String symbol) {
        if (SYMBOLS == null) {
            throw FAILURE;
        }
        return SYMBOLS.find(symbol).orElseThrow(() -> new UnsatisfiedLinkError("oneDNN (" + ARTIFACT + ") has no function " + symbol));
    }

    /** Returns a function that can be called in the one way of {@link CFunction}. */
    public static CFunction function(String symbol) {
        return CFunction.at(find(symbol));
    }

    /** Returns oneDNN's version, such as 3.13.0. */
    public static String version() {
        MemorySegment version = Dnnl.dnnl_version();
        return dnnl_version_t.major(version) + "." + dnnl_version_t.minor(version) + "." + dnnl_version_t.patch(version);
    }

    private static SymbolLookup load() {
        String platform = platform();
        String folder = "org/bytedeco/dnnl/" + platform + "/";
        try {
            JarURLConnection openMp = jarEntry(platform, folder + OPENMP);
            JarURLConnection library = jarEntry(platform, folder + LIBRARY);
            // A folder for each build: a process of another version may have its files open.
            Path cache = cache().resolve("dnnl-" + platform + "-" + Long.toHexString(library.getJarEntry().getCrc()));
            Files.createDirectories(cache);
            unpack(openMp, cache.resolve(OPENMP));
            Path unpacked = unpack(library, cache.resolve(LIBRARY));
            setThreadPolicy();
            // The library finds its OpenMP runtime beside it, and the lookup searches that one too.
            return SymbolLookup.libraryLookup(unpacked, Arena.global());
        } catch (IllegalArgumentException e) {
            throw linkError("oneDNN could not be opened: " + e.getMessage(), e);
        } catch (IOException e) {
            throw linkError("oneDNN could not be unpacked: " + e + " (-Dgatun.cache names another folder to keep it in)", e);
        }
    }

    private static String platform() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String architecture = switch (machine) {
            case "amd64", "x86_64" -> "x86_64";
            case "aarch64", "arm64" -> "arm64";
            default -> null;
        };
        if (!system.startsWith("linux") || architecture == null) {
            throw linkError("the software device computes with oneDNN, which is packaged for Linux on x86_64 and arm64; this is "
                    + system + " on " + machine, null);
        }
        return "linux-" + architecture;
    }

    private static JarURLConnection jarEntry(String platform, String name) throws IOException {
        URL resource = OneDnn.class.getClassLoader().getResource(name);
        if (resource == null) {
            // On the module path nothing requires the jar's module, so that it is looked for there by name.
            resource = modulePathEntry("org.bytedeco.dnnl." + platform.replace('-', '.'), name);
        }
        if (resource == null || !(resource.openConnection() instanceof JarURLConnection jar)) {
            throw linkError("oneDNN for " + platform + " is not on the class path or the module path: add the Maven artifact "
                    + ARTIFACT + " with classifier " + platform, null);
        }
        return jar;
    }

    private static URL modulePathEntry(String module, String name) throws IOException {
        String path = System.getProperty("jdk.module.path", "");
        Path[] places = Arrays.stream(path.split(File.pathSeparator)).filter(place -> !place.isEmpty()).map(Path::of).toArray(Path[]::new);
        Optional<URI> jar = ModuleFinder.of(places).find(module).flatMap(ModuleReference::location);
        return jar.isPresent() ? URI.create("jar:" + jar.get() + "!/" + name).toURL() : null;
    }

    private static Path cache() {
        String chosen = System.getProperty("gatun.cache");
        if (chosen != null) {
            return Path.of(chosen);
        }
        String caches = System.getenv("XDG_CACHE_HOME");
        Path parent = caches != null && !caches.isEmpty() ? Path.of(caches) : Path.of(System.getProperty("user.home"), ".cache");
        return parent.resolve("gatun");
    }

    private static Path unpack(JarURLConnection source, Path target) throws IOException {
        JarEntry entry = source.getJarEntry();
        // Whatever zone the process is in, as a jar's dates have none.
        FileTime date = FileTime.from(entry.getTimeLocal().toInstant(ZoneOffset.UTC));
        if (Files.exists(target) && Files.size(target) == entry.getSize()) {
            // A checksum of the whole library takes 60 ms, where a program's start takes a second.
            if (Files.getLastModifiedTime(target).equals(date)) {
                return target;
            }
            if (checksum(target) == entry.getCrc()) {
                return dated(target, date);
            }
        }
        Path partial = Files.createTempFile(target.getParent(), target.getFileName().toString(), ".partial");
        try {
            try (InputStream in = source.getInputStream()) {
                Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
            }
            if (checksum(partial) != entry.getCrc()) {
                throw new IOException(entry + " of " + source.getJarFileURL() + " is damaged");
            }
            dated(partial, date);
            // Another process may be doing the same: whoever is last replaces the file by an equal one.
            return Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /** Dates a file that was checked; where that is not permitted, it is checked again the next time. */
    private static Path dated(Path file, FileTime date) {
        try {
            return Files.setLastModifiedTime(file, date);
        } catch (IOException e) {
            return file;
        }
    }

    private static long checksum(Path file) throws IOException {
        CRC32 crc = new CRC32();
        // Mapped, as it is about to be loaded: read through streams, it takes several times as long at the start of a process.
        try (FileChannel channel = FileChannel.open(file); Arena arena = Arena.ofConfined()) {
            crc.update(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena).asByteBuffer());
        }
        return crc.getValue();
    }

    /**
     * Gives OpenMP as many threads as the JVM has processors, and has them wait for work awake for some 100 microseconds,
     * unless the user's environment says otherwise. It reads its environment when it is loaded, and Java cannot write that.
     *
     * <p>Its own default is to stay awake for milliseconds. That gains nothing here, and where other programs want the same
     * cores, a training step was seen to take ten times as long; with no wait at all, waking up takes a quarter of the step.
     */
    private static void setThreadPolicy() {
        setEnvironment("OMP_NUM_THREADS", Integer.toString(Runtime.getRuntime().availableProcessors()));
        if (System.getenv("OMP_WAIT_POLICY") == null) {
            setEnvironment("GOMP_SPINCOUNT", "3000");
        }
    }

    private static void setEnvironment(String name, String value) {
        try (Arena arena = Arena.ofConfined()) {
            int keepsTheUsers = 0;
            int failed = (int) Libc.SETENV.call(arena.allocateFrom(name).address(), arena.allocateFrom(value).address(), keepsTheUsers);
            if (failed != 0) {
                throw linkError("setenv(" + name + ") failed", null);
            }
        }
    }

    private static UnsatisfiedLinkError linkError(String message, Throwable cause) {
        UnsatisfiedLinkError error = new UnsatisfiedLinkError(message);
        error.initCause(cause);
        return error;
    }
}
