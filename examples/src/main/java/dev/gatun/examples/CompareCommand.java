package dev.gatun.examples;

import dev.gatun.examples.report.Comparison;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun compare}: sets runs beside each other. */
@Command(name = "compare",
        description = "Prints a table of training runs, best first: perplexities, speed, and the options in which they differ.")
final class CompareCommand implements Callable<Integer> {
    private static final String GAP = "  ";

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", arity = "1..*", description = "Folders that gatun train wrote.")
    private List<Path> runs;

    @Option(names = "--out", paramLabel = "FILE", description = "Also write a page with the table and the runs' curves, as HTML.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        Comparison comparison = Comparison.of(runs);
        if (out != null) {
            String page = comparison.page();
            AtomicFile.write(out, file -> Files.writeString(file, page));
        }
        List<List<String>> rows = comparison.rows();
        int[] widths = IntStream.range(0, rows.getFirst().size())
                .map(column -> rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0)).toArray();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String padding = " ".repeat(widths[column] - row.get(column).length());
                line.append(column == 0 ? row.get(column) + padding : GAP + padding + row.get(column));
            }
            spec.commandLine().getOut().println(line.toString().stripTrailing());
        }
        return 0;
    }
}
