package dev.gatun.examples;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun report}: writes the page on a run anew. */
@Command(name = "report",
        description = "Writes report.html, the page on a training run, to its folder.")
final class ReportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "The folder that gatun train wrote.")
    private Path run;

    @Override
    public Integer call() {
        spec.commandLine().getOut().println(DisplayOptions.writeReport(run));
        return 0;
    }
}
