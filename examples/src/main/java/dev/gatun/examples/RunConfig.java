package dev.gatun.examples;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * The options of a run as its {@code config.json} holds them, in the object {@code options}: the value in effect of every option, by
 * its name without dashes. Such a file gives the defaults of another run, or of the same one when it goes on.
 */
final class RunConfig implements IDefaultValueProvider {
    private static final ObjectMapper JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
    private static final long LARGEST_FILE = 1 << 20;
    private static final String OPTIONS = "options";

    /** What else a file may hold: facts that a run writes and nothing reads back as an option. */
    private static final Set<String> FACTS = Set.of("model", "corpus", "device", "environment");

    /** Options about the command itself or what it shows, not about the model that is made. */
    private static final Set<String> NOT_RECORDED = Set.of("help", "version", "config", "resume", "out", "quiet", "log-format",
            "tensorboard");

    /** Options that may have another value when a run goes on; a text may lie elsewhere, but must be the same text. */
    private static final Set<String> MAY_CHANGE = Set.of("epochs", "steps", "device", "checkpoint-every", "keep", "words", "data", "valid",
            "test");

    private final Path file;
    private final Map<String, String> values;

    private RunConfig(Path file, Map<String, String> values) {
        this.file = file;
        this.values = values;
    }

    /**
     * Reads a file.
     *
     * @param command whose options it may name
     * @throws CommandException if it is not JSON, is not such an object, or names something unknown; says where
     */
    static RunConfig read(Path file, CommandSpec command) throws IOException {
        if (Files.size(file) > LARGEST_FILE) {
            throw new CommandException(file + ": " + Files.size(file) + " bytes are too many for the configuration of a run");
        }
        JsonNode json;
        try {
            json = JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new CommandException(file + (e.getLocation() == null ? "" : ":" + e.getLocation().getLineNr()) + ": not JSON: "
                    + e.getOriginalMessage().lines().findFirst().orElse(""));
        } catch (IOException e) {
            throw new CommandException(file + ": not JSON in UTF-8: " + e.getMessage());
        }
        if (!(json.get(OPTIONS) instanceof ObjectNode options)) {
            throw new CommandException(file + ": expected a JSON object with an object \"" + OPTIONS + "\"");
        }
        Set<String> sections = new TreeSet<>(FACTS);
        sections.add(OPTIONS);
        json.fieldNames().forEachRemaining(name -> requireKnown(file, name, sections));
        Set<String> names = recorded(command).keySet();
        Map<String, String> values = new TreeMap<>();
        options.properties().forEach(entry -> {
            requireKnown(file, entry.getKey(), names);
            if (!entry.getValue().isNull()) {
                values.put(entry.getKey(), text(file, entry.getKey(), entry.getValue()));
            }
        });
        return new RunConfig(file, values);
    }

    private static void requireKnown(Path file, String name, Collection<String> known) {
        if (!known.contains(name)) {
            String shown = name.length() <= 40 ? name : name.substring(0, 40) + "...";
            throw new CommandException(file + ": unknown key '" + shown + "'; did you mean '" + Nearest.of(name, known) + "'?");
        }
    }

    private static String text(Path file, String name, JsonNode value) {
        if (value.isArray()) {
            return StreamSupport.stream(value.spliterator(), false).map(each -> text(file, name, each)).collect(Collectors.joining(","));
        }
        if (!value.isValueNode()) {
            throw new CommandException(file + ": the value of '" + name + "' must be a number, a text or true or false");
        }
        return value.asText();
    }

    /** Reads the command line once more, with this file's values as defaults. */
    void apply(CommandSpec command) {
        CommandLine root = command.root().commandLine();
        command.commandLine().setDefaultValueProvider(this);
        try {
            root.parseArgs(root.getParseResult().originalArgs().toArray(String[]::new));
        } catch (ParameterException e) {
            throw new CommandException(file + ": " + e.getMessage());
        }
    }

    @Override
    public String defaultValue(ArgSpec arg) {
        return arg instanceof OptionSpec option ? values.get(name(option)) : null;
    }

    /**
     * Checks, once {@link #apply} has been called, that the command line asks for nothing that would make a run that goes on another one.
     *
     * @throws ParameterException that names the options that would
     */
    void requireSameRun(CommandSpec command) {
        List<String> changed = new ArrayList<>();
        for (OptionSpec option : command.commandLine().getParseResult().matchedOptions()) {
            String name = name(option);
            if (!NOT_RECORDED.contains(name) && !MAY_CHANGE.contains(name)
                    && !String.valueOf(asText(option.getValue())).equals(String.valueOf(values.get(name)))) {
                changed.add("--" + name + " (it is " + values.getOrDefault(name, "not set") + ")");
            }
        }
        if (!changed.isEmpty()) {
            String others = MAY_CHANGE.stream().sorted().collect(Collectors.joining(", --"));
            throw new ParameterException(command.commandLine(), "a run goes on with the options it began with, so --resume cannot change "
                    + String.join(", ", changed) + "; --" + others + " may change");
        }
    }

    /** Returns the values in effect of a command's options, by name; null where an option is not set. */
    static ObjectNode of(CommandSpec command) {
        ObjectNode json = JSON.createObjectNode();
        recorded(command).forEach((name, option) -> json.set(name, asJson(option.getValue())));
        return json;
    }

    /** Returns those that decide what model a run makes: a run that goes on must have the same. */
    static ObjectNode identity(CommandSpec command) {
        ObjectNode json = of(command);
        json.remove(MAY_CHANGE);
        json.remove("init"); // what it held is in the checkpoint
        return json;
    }

    private static Map<String, OptionSpec> recorded(CommandSpec command) {
        Map<String, OptionSpec> options = new LinkedHashMap<>();
        for (OptionSpec option : command.options()) {
            if (!NOT_RECORDED.contains(name(option))) {
                options.put(name(option), option);
            }
        }
        return options;
    }

    private static String name(OptionSpec option) {
        return option.longestName().replaceFirst("^-+", "");
    }

    private static JsonNode asJson(Object value) {
        return switch (value) {
            case Number number -> JSON.valueToTree(number);
            case Boolean bool -> JSON.valueToTree(bool);
            case null -> JSON.nullNode();
            default -> JSON.valueToTree(asText(value));
        };
    }

    private static String asText(Object value) {
        return switch (value) {
            case null -> null;
            case Path path -> path.toAbsolutePath().normalize().toString();
            case Collection<?> list -> list.stream().map(String::valueOf).collect(Collectors.joining(","));
            default -> value.toString();
        };
    }
}
