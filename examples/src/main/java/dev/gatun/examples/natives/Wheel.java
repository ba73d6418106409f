package dev.gatun.examples.natives;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One pinned Python wheel.
 *
 * @param name the name of its project
 * @param version its version
 * @param sha256 the digest of its file, in hexadecimal
 */
public record Wheel(String name, String version, String sha256) {
    private static final Pattern REQUIREMENT = Pattern.compile("([\\w-]+)==([\\w.]+) --hash=sha256:([0-9a-f]{64})");

    /** Returns NVIDIA's wheels that hold the libraries, for Linux on x86-64. */
    public static List<Wheel> nvidias() {
        return parse(requirements());
    }

    /** Returns the same as the text of a requirements file for pip. */
    static String requirements() {
        try (InputStream text = Wheel.class.getResourceAsStream("wheels.txt")) {
            return new String(text.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Wheel> parse(String requirements) {
        return requirements.lines().filter(line -> !line.startsWith("#")).map(line -> {
            Matcher wheel = REQUIREMENT.matcher(line);
            if (!wheel.matches()) {
                throw new IllegalArgumentException("not a pinned wheel: " + line);
            }
            return new Wheel(wheel.group(1), wheel.group(2), wheel.group(3));
        }).toList();
    }

    /** Returns whether a file is named as this wheel's is. */
    boolean isNameOf(Path file) {
        return file.getFileName().toString().startsWith(name.replace('-', '_') + "-" + version + "-");
    }

    /**
     * Reads a whole file and compares its digest.
     *
     * @throws IOException if it cannot be read, or is not this wheel byte for byte
     */
    void verify(Path file) throws IOException {
        MessageDigest digest = newDigest();
        try (InputStream bytes = new DigestInputStream(Files.newInputStream(file), digest)) {
            bytes.transferTo(OutputStream.nullOutputStream());
        }
        String found = HexFormat.of().formatHex(digest.digest());
        if (!found.equals(sha256)) {
            throw new IOException(file + ": this is not the file of " + name + " " + version + ": its SHA-256 is " + found + ", expected "
                    + sha256 + "; get it again");
        }
    }

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
