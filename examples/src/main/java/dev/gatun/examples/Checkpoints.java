package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.lm.SafetensorsException;
import dev.gatun.lm.Trainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The checkpoints of a run: one file each, {@code step-N.safetensors} for N steps done, with the trainer's state and, among its
 * metadata, the run's.
 *
 * @param folder where they are
 * @param identity the text and the options that a checkpoint belongs to; a run does not go on from one of others
 */
record Checkpoints(Path folder, ObjectNode identity) {
    private static final Pattern NAME = Pattern.compile("step-(\\d{1,18})\\.safetensors");
    private static final String STATE = "gatun.run";
    private static final String IDENTITY = "gatun.identity";

    /**
     * Writes a checkpoint, and once it is on the disk removes all but the newest ones.
     *
     * @param keep how many remain, this one among them
     */
    void write(Trainer trainer, RunState state, int keep) throws IOException {
        Files.createDirectories(folder);
        trainer.save(file(state.step()), Map.of(STATE, state.toJson(), IDENTITY, identity.toString()));
        List<Path> all = newestFirst();
        // What is newer than this one belongs to a future that the run did not go on from.
        List<Path> kept = all.stream().filter(file -> stepOf(file) <= state.step()).limit(keep).toList();
        for (Path file : all) {
            if (!kept.contains(file)) {
                Files.delete(file);
            }
        }
    }

    /**
     * Restores the newest checkpoint that is sound.
     *
     * @param print told which one, and which were not sound
     * @return where the run stands; its begin if it has no checkpoint yet
     * @throws CommandException if there are checkpoints and none is sound, or the newest sound one is of another text or of other
     *     options
     */
    RunState restore(Trainer trainer, PrintWriter print) throws IOException {
        List<Path> all = newestFirst();
        for (Path file : all) {
            try {
                RunState state = state(file, trainer.restore(file));
                print.println("going on from " + file);
                return state;
            } catch (SafetensorsException e) {
                print.println(e.getMessage() + "; trying the checkpoint before it");
            }
        }
        if (!all.isEmpty()) {
            throw new CommandException(folder + ": none of the " + all.size()
                    + " checkpoints can be used; if config.json was changed, change it back, or remove the folder to begin anew");
        }
        print.println("there is no checkpoint yet; beginning anew");
        return RunState.BEGIN;
    }

    private RunState state(Path file, Map<String, String> metadata) throws SafetensorsException {
        String json = metadata.get(STATE);
        if (json == null) {
            throw new SafetensorsException(file + ": not the checkpoint of a run: its metadata lack " + STATE);
        }
        requireIdentity(file, metadata.get(IDENTITY));
        try {
            return RunState.fromJson(json);
        } catch (CommandException e) {
            throw new SafetensorsException(file + ": " + e.getMessage());
        }
    }

    private void requireIdentity(Path file, String found) throws SafetensorsException {
        ObjectNode other = RunDirectory.object(found);
        if (other == null) {
            throw new SafetensorsException(file + ": not the checkpoint of a run: its metadata lack " + IDENTITY);
        }
        Set<String> keys = new TreeSet<>();
        identity.fieldNames().forEachRemaining(keys::add);
        other.fieldNames().forEachRemaining(keys::add);
        // As text, for a number that was written and read is of another class.
        keys.removeIf(key -> identity.path(key).asText().equals(other.path(key).asText()));
        if (!keys.isEmpty()) {
            String changes = keys.stream().map(key -> key + " (it was " + other.path(key) + ", and is " + identity.path(key) + ")")
                    .collect(Collectors.joining(", "));
            throw new CommandException(file + ": a run goes on with the text and the options it began with; changed: " + changes);
        }
    }

    /** Says which checkpoint is the newest of those that are not ahead of a step, or that there is none. */
    String describeNewest(long step) throws IOException {
        return newestFirst().stream().filter(file -> stepOf(file) <= step).findFirst()
                .map(file -> "the last checkpoint is that of step " + stepOf(file) + ", " + file).orElse("there is no checkpoint");
    }

    private Path file(long step) {
        return folder.resolve("step-" + step + ".safetensors");
    }

    private List<Path> newestFirst() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> stepOf(file) >= 0).sorted(Comparator.comparingLong(Checkpoints::stepOf).reversed()).toList();
        }
    }

    /** Returns the steps in a checkpoint's name, or -1 for any other file. */
    private static long stepOf(Path file) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        return name.matches() ? Long.parseLong(name.group(1)) : -1;
    }
}
