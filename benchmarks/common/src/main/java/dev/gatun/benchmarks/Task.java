package dev.gatun.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What {@code compare.py} asks a program to do, given as {@code name=value} arguments, and how the program answers: a line
 * {@code about NAME}, then {@code step SECONDS LOSS} for each training step or {@code text SECONDS} for each batch of sampled texts.
 */
public final class Task {
    /** Whether to sample rather than train. */
    public final boolean samples;
    public final int vocabulary;
    public final int embed;
    public final int hidden;
    public final int layers;
    public final int batch;
    /** Tokens a row advances by in a training step, or words of a sampled text. */
    public final int seq;
    /** Steps to train, or batches of texts to sample. */
    public final int steps;
    public final float learningRate;
    public final float clip;

    private final Map<String, String> values = new HashMap<>();
    private final int[] ids;

    private Task(String[] args) throws IOException {
        for (String arg : args) {
            String[] pair = arg.split("=", 2);
            values.put(pair[0], pair[1]);
        }
        samples = values.get("mode").equals("sample");
        vocabulary = number("vocabulary");
        embed = number("embed");
        hidden = number("hidden");
        layers = number("layers");
        batch = number("batch");
        seq = number("seq");
        steps = number("steps");
        learningRate = Float.parseFloat(values.get("lr"));
        clip = Float.parseFloat(values.get("clip"));
        ids = readIds(Path.of(values.get("ids")));
    }

    /** Reads the arguments, and the text's ids: int32, little-endian. */
    public static Task of(String[] args) throws IOException {
        return new Task(args);
    }

    private int number(String name) {
        return Integer.parseInt(values.get(name));
    }

    private static int[] readIds(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(channel.size())).order(ByteOrder.LITTLE_ENDIAN);
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                continue;
            }
            int[] ids = new int[bytes.capacity() / Integer.BYTES];
            bytes.flip().asIntBuffer().get(ids);
            return ids;
        }
    }

    /** Returns the id that row {@code row} reads at time {@code t} of step {@code step}; its target is that of the next time. */
    public int id(int step, int row, int t) {
        int rowLength = ids.length / batch;
        return ids[row * rowLength + step * seq + t];
    }

    /** Says what the program runs on. */
    public static void about(String name) {
        answer("about %s", name);
    }

    /** Says that a training step is done, whose loss has been read. */
    public static void step(long startNanos, double loss) {
        answer("step %.6f %.6f", seconds(startNanos), loss);
    }

    /** Says that every row has its text. */
    public static void text(long startNanos) {
        answer("text %.6f", seconds(startNanos));
    }

    private static double seconds(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    private static void answer(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
        System.out.flush();
    }
}
