package dev.gatun.examples;

import dev.gatun.device.DeviceException;
import dev.gatun.device.NativeCallException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command {@code gatun}: trains, samples, evaluates and compares recurrent language models, and examines the machine.
 *
 * <p>The exit code is 0 for success, 1 where the work could not be done and 2 where the command line is wrong; both print one
 * message on the standard error stream. {@code -Dgatun.debug=true} adds the stack trace.
 */
@Command(name = "gatun", scope = ScopeType.INHERIT, mixinStandardHelpOptions = true, sortOptions = false,
        versionProvider = Gatun.Version.class,
        description = "Trains, samples and evaluates recurrent language models on cuDNN, cuBLAS and CUDA, or on a software device.",
        subcommands = {TrainCommand.class, SampleCommand.class, EvalCommand.class, ScoreCommand.class, ReportCommand.class,
            CompareCommand.class, ExportCommand.class, DoctorCommand.class, NativesCommand.class, CompletionCommand.class})
public final class Gatun {
    private Gatun() {}

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args.length == 0 ? new String[] {"--help"} : args));
    }

    /** Makes the command line, as {@link #main} and the tests run it. */
    static CommandLine commandLine() {
        return new CommandLine(new Gatun())
                .setParameterExceptionHandler((e, args) -> usageError(e))
                .setExecutionExceptionHandler((e, command, parsed) -> failure(e, command));
    }

    private static int usageError(ParameterException e) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println(command.getCommandSpec().qualifiedName() + ": " + e.getMessage());
        UnmatchedArgumentException.printSuggestions(e, err);
        err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        trace(e, err);
        return command.getCommandSpec().exitCodeOnInvalidInput();
    }

    private static int failure(Exception e, CommandLine command) {
        command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + message(e));
        trace(e, command.getErr());
        return command.getCommandSpec().exitCodeOnExecutionException();
    }

    private static void trace(Exception e, PrintWriter err) {
        if (Boolean.getBoolean("gatun.debug")) {
            e.printStackTrace(err);
        }
    }

    private static String message(Exception e) {
        return switch (e) {
            case UncheckedIOException unchecked -> message(unchecked.getCause());
            case NoSuchFileException missing -> missing.getFile() + ": there is no such file";
            case AccessDeniedException denied -> denied.getFile() + ": permission denied";
            case FileSystemException file -> file.getMessage();
            case IOException io -> io.getMessage();
            case DeviceException device -> device.getMessage();
            case NativeCallException call -> call.getMessage();
            case CommandException own -> own.getMessage();
            default -> "unexpected error: " + e + "\nRun it with GATUN_JAVA_OPTS=-Dgatun.debug=true to see where.";
        };
    }

    /** Prints the version of the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Gatun.class.getPackage().getImplementationVersion();
            return new String[] {"gatun " + (version == null ? "(not packaged)" : version)};
        }
    }
}
