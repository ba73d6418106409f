package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.lm.Cell;
import dev.gatun.lm.ModelConfig;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that choose the kind of a model; its sizes are the command's own. */
final class ModelOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--cell", paramLabel = "lstm|gru", defaultValue = "lstm", converter = CellReader.class,
            description = "Kind of the recurrent layers. Default: lstm.")
    private Cell cell;

    @Option(names = "--proj", paramLabel = "N", converter = Numbers.Positive.class,
            description = "Values that each LSTM layer projects its output to, fewer than --hidden. Default: no projection.")
    private Integer projection;

    @Option(names = "--tie",
            description = "Let the embedding and the output share one matrix; --embed must then be the output's width.")
    private boolean tie;

    /**
     * Checks that the options fit the sizes.
     *
     * @throws ParameterException if not; says which options and what to do
     */
    void require(int embed, int hidden) {
        if (projection != null && cell != Cell.LSTM) {
            throw refused("--proj " + projection + " needs --cell lstm: a GRU has no projection");
        }
        if (projection != null && projection >= hidden) {
            throw refused("--proj " + projection + " must be below --hidden, which is " + hidden);
        }
        int output = projection == null ? hidden : projection;
        if (tie && embed != output) {
            throw refused("--tie needs --embed, which is " + embed + ", to be the output's width, which is " + output
                    + (projection == null ? " (--hidden)" : " (--proj)") + ": give --embed " + output
                    + (cell == Cell.LSTM && embed < hidden ? " or --proj " + embed : " or --hidden " + embed));
        }
    }

    private ParameterException refused(String message) {
        return new ParameterException(command.commandLine(), message);
    }

    /** Makes a model's configuration of these options, which {@link #require} has checked, and its sizes. */
    ModelConfig config(int vocabulary, int embed, int hidden, int layers) {
        return new ModelConfig(vocabulary, embed, hidden, layers, cell, projection == null ? 0 : projection, tie);
    }

    /** Returns what differs from a plain LSTM, for people: nothing, or a list that goes on from one of sizes. */
    String describe() {
        return (cell == Cell.LSTM ? "" : ", " + cell.name()) + (projection == null ? "" : ", projection " + projection)
                + (tie ? ", tied" : "");
    }

    /** Adds the options to what {@code config.json} says of the model. */
    void describe(ObjectNode model) {
        model.put("cell", cell.module()).put("projection", projection == null ? 0 : projection).put("tied", tie);
    }

    private static final class CellReader extends Choice<Cell> {
        CellReader() {
            super(Cell.values());
        }
    }
}
