package dev.gatun.examples;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The folder of one training run: the model, its vocabulary, how it was made, how training went, and a sample.
 *
 * <p>Each file appears whole or not at all, except for the metrics, which grow by a line at a time.
 */
record RunDirectory(Path path) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONFIG = "config.json";

    /**
     * Checks that a run can be written to a folder, without making it.
     *
     * @throws CommandException if the folder holds something already, or cannot be made or written to
     */
    static RunDirectory planned(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            try (Stream<Path> files = Files.list(path)) {
                if (files.anyMatch(file -> !isLeftover(file))) {
                    throw new CommandException("the folder " + path + " is not empty, and a run overwrites nothing; choose another --out"
                            + (Files.exists(path.resolve(CONFIG)) ? ", or go on with what is there: --resume " + path : ""));
                }
            }
        }
        Path existing = path.toAbsolutePath().normalize();
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        if (!Files.isDirectory(existing)) {
            throw new CommandException("cannot make the folder " + path + ": " + existing + " is a file; choose another --out");
        }
        if (!Files.isWritable(existing)) {
            throw new CommandException("cannot make the folder " + path + ": no permission to write to " + existing
                    + "; choose another --out");
        }
        return new RunDirectory(path);
    }

    /**
     * Checks that there is a run to go on with.
     *
     * @throws CommandException if there is none
     */
    static RunDirectory existing(Path path) {
        RunDirectory directory = new RunDirectory(path);
        if (!Files.exists(directory.config())) {
            throw new CommandException(path + " is not the folder of a run: there is no " + directory.config());
        }
        return directory;
    }

    /** Makes the folder and writes what is known before training begins; removes what a killed process left half written. */
    void create(Vocabulary vocabulary, ObjectNode config) throws IOException {
        Files.createDirectories(checkpoints());
        // First, for a folder with it is a run that --resume can go on with.
        AtomicFile.write(config(), file -> Files.writeString(file, config.toPrettyString() + "\n"));
        AtomicFile.write(path.resolve("vocabulary.txt"), vocabulary::write);
        for (Path folder : new Path[] {path, checkpoints()}) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path leftover : files.filter(RunDirectory::isLeftover).toList()) {
                    Files.delete(leftover);
                }
            }
        }
    }

    private static boolean isLeftover(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith(".") && (name.endsWith(".partial") || name.endsWith(".tmp"));
    }

    /** Returns the file with the options. */
    Path config() {
        return path.resolve(CONFIG);
    }

    /** Returns the file of the metrics. */
    Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    /** Returns the folder of the checkpoints. */
    Path checkpoints() {
        return path.resolve("checkpoints");
    }

    /** Makes an empty JSON object. */
    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    /** Reads a JSON object; null where the text is null or anything else. */
    static ObjectNode object(String text) {
        try {
            return text != null && JSON.readTree(text) instanceof ObjectNode object ? object : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /** Writes or replaces the model. */
    void save(LanguageModel model) throws IOException {
        model.save(weights());
    }

    /** Returns whether a model has been written. */
    boolean hasModel() {
        return Files.exists(weights());
    }

    /** Returns the file of the model. */
    Path weights() {
        return path.resolve("model.safetensors");
    }

    /** Writes the sample. */
    void writeSample(String text) throws IOException {
        AtomicFile.write(path.resolve("sample.txt"), file -> Files.writeString(file, text));
    }

    /**
     * Reads the words of a finished run's model.
     *
     * @throws CommandException if the folder is not that of a finished run
     */
    Vocabulary readVocabulary() throws IOException {
        Path vocabulary = path.resolve("vocabulary.txt");
        for (Path file : new Path[] {path, vocabulary, weights()}) {
            if (!Files.exists(file)) {
                throw new CommandException(path + " is not the folder of a finished run: there is no " + file);
            }
        }
        return Vocabulary.read(vocabulary);
    }

    /**
     * Loads a finished run's model.
     *
     * @param vocabulary what {@link #readVocabulary} returned
     * @throws CommandException if the model does not know as many words as its vocabulary holds
     */
    LanguageModel load(Vocabulary vocabulary) throws IOException {
        LanguageModel model = LanguageModel.load(weights());
        if (model.config().vocabulary() != vocabulary.size()) {
            model.close();
            throw new CommandException(path + ": the model knows " + model.config().vocabulary() + " words, and vocabulary.txt holds "
                    + vocabulary.size() + "; they are not of one run");
        }
        return model;
    }
}
