package dev.gatun.examples;

import dev.gatun.examples.report.RunReport;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The options on what people see of a training run. */
final class DisplayOptions {
    @Option(names = "--quiet", description = "Print nothing but errors.")
    private boolean quiet;

    @Option(names = "--log-format", paramLabel = "text|json", defaultValue = "text", converter = LogFormat.Reader.class,
            description = "What is printed: text, a progress bar on a terminal and lines elsewhere; or json, each line of metrics.jsonl and"
                    + " nothing else. Default: text.")
    private LogFormat format;

    @Option(names = "--tensorboard", description = "Also write the measurements for TensorBoard, to the run folder.")
    private boolean tensorBoard;

    /** Returns where text for people goes: to a writer, or nowhere if it is not wanted. */
    PrintWriter prose(PrintWriter out) {
        return quiet || format == LogFormat.JSON ? new PrintWriter(Writer.nullWriter()) : out;
    }

    /**
     * Opens what shows a run: on the terminal, in {@code report.html}, and for TensorBoard if that is asked for.
     *
     * @param run the run's folder, which exists
     * @param steps the steps over all epochs
     * @param done how many of them an earlier process did
     */
    TrainingView open(PrintWriter out, Path run, int epochs, long steps, long done) throws IOException {
        List<TrainingView> views = new ArrayList<>();
        views.add(line -> {
            if (TextView.isMeasurement(line) || line.has("sample")) {
                writeReport(run);
            }
        });
        if (tensorBoard) {
            views.add(new TensorBoardView(run));
        }
        if (!quiet) {
            views.add(format == LogFormat.JSON ? out::println : progress(out, epochs, steps, done));
        }
        return new TrainingViews(views);
    }

    private static TrainingView progress(PrintWriter out, int epochs, long steps, long done) {
        Console console = System.console();
        if (console == null || !console.isTerminal() || "dumb".equals(System.getenv("TERM"))) {
            return new TextView(out, epochs, steps);
        }
        return new BarView(out, epochs, steps, done, console.charset().newEncoder().canEncode('█'));
    }

    /** Writes or replaces the page on a run. */
    static Path writeReport(Path run) {
        Path page = run.resolve("report.html");
        try {
            String html = RunReport.of(run);
            AtomicFile.write(page, file -> Files.writeString(file, html));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return page;
    }
}
