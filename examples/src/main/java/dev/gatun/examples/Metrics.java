package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The record of a run, {@code metrics.jsonl}: a line for each thing measured, which listeners are told of once it is written. While
 * it is open, no other process can open it: two processes never train in one folder.
 */
final class Metrics implements AutoCloseable {
    private final FileChannel channel;
    private final List<? extends MetricsListener> listeners;
    private final double secondsBefore;
    private final long begun = System.nanoTime();
    private long lines;

    private Metrics(FileChannel channel, List<? extends MetricsListener> listeners, double secondsBefore) {
        this.channel = channel;
        this.listeners = listeners;
        this.secondsBefore = secondsBefore;
    }

    /**
     * Opens the record, made if it does not exist, and cuts off what a run wrote after the checkpoint that it goes on from.
     *
     * @param lines how many lines to keep
     * @param seconds how long the run has trained already
     * @throws CommandException if another process has it open
     */
    static Metrics open(Path file, long lines, double seconds, List<? extends MetricsListener> listeners) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            lock(file, channel);
            Metrics metrics = new Metrics(channel, listeners, seconds);
            byte[] text = Files.readAllBytes(file);
            int end = 0;
            for (int i = 0; i < text.length && metrics.lines < lines; i++) {
                if (text[i] == '\n') {
                    end = i + 1;
                    metrics.lines++;
                }
            }
            channel.truncate(end).position(end);
            return metrics;
        } catch (Throwable t) {
            channel.close();
            throw t;
        }
    }

    /** The lock ends with the process, however that ends. */
    private static void lock(Path file, FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new CommandException(file + " is in use: another process trains in this folder");
        }
    }

    /** Adds a line, to which the seconds since the run's begin are added. */
    void add(ObjectNode line) throws IOException {
        line.put("seconds", seconds());
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        lines++;
        for (MetricsListener listener : listeners) {
            listener.line(line);
        }
    }

    /** Returns how many lines there are. */
    long lines() {
        return lines;
    }

    /** Returns how long the run has trained, over all its processes. */
    double seconds() {
        return secondsBefore + (System.nanoTime() - begun) / 1e9;
    }

    /** Returns once all lines are on the disk. */
    void force() throws IOException {
        channel.force(true);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
