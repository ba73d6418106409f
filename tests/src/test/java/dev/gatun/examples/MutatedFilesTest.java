package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.ThreadMXBean;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Safetensors;
import dev.gatun.lm.SafetensorsException;
import dev.gatun.lm.TensorInfo;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import dev.gatun.lm.text.TextException;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Model.CommandSpec;

/** Whatever a file holds that should be a model, a checkpoint, a vocabulary or a configuration: it is read, or refused in words. */
class MutatedFilesTest {
    /** What a reader of a file of a few kilobytes may need: thousands of times its size would be a trusted length. */
    private static final long MOST_BYTES = 8 << 20;

    /** A reader takes well under a millisecond; on a busy machine a pause of seconds is no hang. */
    private static final long MOST_NANOS = 20_000_000_000L;
    private static final int LONGEST_MESSAGE = 5000;

    private static final ModelConfig CONFIG = new ModelConfig(5, 2, 3, 1);
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Reads a file, and throws an exception of its own if it refuses it. */
    private interface Reader {
        void read(Path file) throws IOException;
    }

    private record Format(String name, byte[] sound, Reader reader) {}

    @TempDir
    private Path dir;

    private final ObjectNode identity = RunDirectory.object().put("seed", 1).put("training text", "12345678");
    private final CommandSpec command = Gatun.commandLine().getSubcommands().get("train").getCommandSpec();
    private final List<Format> formats = new ArrayList<>();
    private LanguageModel model;
    private int models;
    private int files;
    private Trainer trainer;

    @BeforeEach
    void makeSoundFiles() throws IOException {
        model = LanguageModel.create(CONFIG, 1);
        trainer = new Trainer(model, new TrainingOptions(2, 2, 0.5f, 0.01f, 1));
        Path weights = dir.resolve("model.safetensors");
        model.save(weights);
        Path words = dir.resolve("vocabulary.txt");
        Vocabulary.of(List.of("a", "lock", "é", "<eos>", "<unk>")).write(words);
        Path config = Files.writeString(dir.resolve("config.json"), RunDirectory.object().<ObjectNode>set("options", RunConfig.of(command))
                .toPrettyString());
        Checkpoints checkpoints = new Checkpoints(dir.resolve("sound"), identity);
        checkpoints.write(trainer, RunState.BEGIN, 1);
        byte[] checkpoint = Files.readAllBytes(dir.resolve("sound/step-0.safetensors"));

        formats.add(new Format("safetensors", Files.readAllBytes(weights), MutatedFilesTest::readTensors));
        formats.add(new Format("model", Files.readAllBytes(weights), this::loadModel));
        formats.add(new Format("checkpoint", checkpoint, trainer::restore));
        formats.add(new Format("vocabulary", Files.readAllBytes(words), Vocabulary::read));
        formats.add(new Format("configuration", Files.readAllBytes(config), file -> RunConfig.read(file, command)));
        formats.add(new Format("checkpoint with the right checksum", checkpoint, this::restoreRun));
    }

    @AfterEach
    void free() {
        trainer.close();
        model.close();
    }

    private static void readTensors(Path file) throws IOException {
        try (Safetensors tensors = Safetensors.open(file)) {
            for (TensorInfo tensor : tensors.tensors().values()) {
                assertEquals(tensor.byteSize(), tensors.values(tensor).byteSize());
            }
        }
    }

    /** Every tenth time a model of its own, which takes a hundred times as long. */
    private void loadModel(Path file) throws IOException {
        if (models++ % 10 == 0) {
            LanguageModel.load(file).close();
        } else {
            model.loadWeights(file);
        }
    }

    /** Mends the checksum, so that what lies behind it is read, and restores a run as the command does. */
    private void restoreRun(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Path folder = dir.resolve("checkpoints");
        Files.createDirectories(folder);
        if (bytes.length >= 4) {
            CRC32C crc = new CRC32C();
            crc.update(bytes, 0, bytes.length - 4);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length - 4, (int) crc.getValue());
        }
        Path mended = Files.write(folder.resolve("step-" + files + ".safetensors"), bytes);
        StringWriter said = new StringWriter();
        try {
            new Checkpoints(folder, identity).restore(trainer, new PrintWriter(said));
        } catch (CommandException e) {
            throw new CommandException(file + ": " + e.getMessage() + said);
        } finally {
            Files.delete(mended);
        }
    }

    @Test
    void soundFilesAreRead() throws IOException {
        for (Format format : formats) {
            assertEquals(null, refusal(format, format.sound), format.name);
        }
    }

    @Test
    void fiveThousandDamagedFilesAreReadOrRefused() throws IOException {
        read(5_000, 1);
    }

    @Test
    @Tag("full")
    void aHundredThousandDamagedFilesAreReadOrRefused() throws IOException {
        read(100_000, 2);
    }

    private void read(int files, long seed) throws IOException {
        Mutations mutations = new Mutations(seed);
        int[] refused = new int[formats.size()];
        for (int i = 0; i < files; i++) {
            int kind = i % formats.size();
            Format format = formats.get(kind);
            byte[] mutated = mutations.of(format.sound, formats.get((kind + 1) % formats.size()).sound);
            String context = format.name + ", seed " + seed + ", file " + i;
            long bytes = THREADS.getCurrentThreadAllocatedBytes();
            long nanos = System.nanoTime();
            String refusal;
            try {
                refusal = refusal(format, mutated);
            } catch (RuntimeException | Error e) {
                throw new AssertionError(context, e);
            }
            assertTrue(System.nanoTime() - nanos < MOST_NANOS, context);
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - bytes;
            assertTrue(allocated < MOST_BYTES, () -> context + ": allocated " + allocated + " bytes");
            if (refusal != null) {
                assertTrue(refusal.contains(dir.toString()) && refusal.length() < LONGEST_MESSAGE, context + ": " + refusal);
                refused[kind]++;
            }
        }
        // Most damage shows: else the mutations would test little.
        for (int count : refused) {
            assertTrue(count > files / formats.size() / 4, "refused of each format: " + Arrays.toString(refused));
        }
    }

    /** Returns the message of a refusal, or null if the file was read. */
    private String refusal(Format format, byte[] content) throws IOException {
        // A new file each time: replacing the content of an old one waits for the disk.
        Path file = Files.write(dir.resolve("file-" + files++), content);
        try {
            format.reader.read(file);
            return null;
        } catch (SafetensorsException | TextException | CommandException e) {
            return e.getMessage();
        } finally {
            Files.delete(file);
        }
    }
}
