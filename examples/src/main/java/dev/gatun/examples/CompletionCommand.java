package dev.gatun.examples;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code gatun completion}: prints what makes a shell complete commands and options. */
@Command(name = "completion",
        description = {"Prints a script that makes bash or zsh complete gatun's commands and options.",
            "For this shell: source <(gatun completion)"})
final class CompletionCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().getOut().print(AutoComplete.bash("gatun", spec.root().commandLine()));
        spec.commandLine().getOut().flush();
        return 0;
    }
}
