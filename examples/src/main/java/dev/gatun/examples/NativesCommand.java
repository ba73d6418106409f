package dev.gatun.examples;

import dev.gatun.device.NativesFolder;
import dev.gatun.examples.natives.Installation;
import dev.gatun.examples.natives.Pip;
import dev.gatun.examples.natives.Wheel;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun natives}: puts NVIDIA's libraries into a folder of the user's, where every Gatun program finds them. */
@Command(name = "natives", description = "Installs, lists and removes NVIDIA's libraries in a folder of yours; no root is needed.",
        synopsisSubcommandLabel = "(install | list | remove)")
final class NativesCommand implements Runnable {
    private static final String LICENCE = """
            The libraries are NVIDIA's, not part of Gatun, and under licences of NVIDIA's own. By installing them you accept these:
              CUDA runtime, cuBLAS, NVRTC: https://docs.nvidia.com/cuda/eula/
              cuDNN: https://docs.nvidia.com/deeplearning/cudnn/backend/latest/reference/eula.html
            Their full texts are installed beside the libraries.""";

    @Spec
    private CommandSpec spec;

    private final Installation installation = new Installation(NativesFolder.path(), Wheel.nvidias());

    @Override
    public void run() {
        spec.commandLine().usage(out());
    }

    @Command(description = {"Unpacks the CUDA runtime, cuBLAS, cuDNN and NVRTC from NVIDIA's wheels: some 1 GB to download, 2 GB on disk.",
        "Their SHA-256 digests are checked. Without --from they are downloaded with pip."})
    void install(
            @Option(names = "--from", paramLabel = "FILE|DIR", arity = "1..*",
                    description = "Take these wheels, or those in this folder; download nothing.") List<Path> from,
            @Option(names = {"--accept-licence", "--accept-license"},
                    description = "Accept NVIDIA's licences without being asked.") boolean accepted) throws IOException {
        if (!System.getProperty("os.name").equals("Linux") || !System.getProperty("os.arch").equals("amd64")) {
            throw new CommandException("the wheels are for Linux on x86-64; this is " + System.getProperty("os.name") + " on "
                    + System.getProperty("os.arch"));
        }
        if (Files.exists(installation.set())) {
            out().println("installed already: " + installation.set());
            return;
        }
        out().println(LICENCE);
        if (!accepted && !isAcceptedNow()) {
            throw new CommandException("nothing was installed: NVIDIA's licences were not accepted (--accept-licence accepts them)");
        }
        installation.install(scratch -> from == null ? Pip.download(scratch) : wheels(from));
        out().println("installed: " + installation.set());
    }

    private boolean isAcceptedNow() {
        out().flush();
        Console console = System.console();
        return console != null && console.isTerminal() && "yes".equalsIgnoreCase(console.readLine("Do you accept them? (yes/no) "));
    }

    private static List<Path> wheels(List<Path> from) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path path : from) {
            files.addAll(Files.isDirectory(path) ? Pip.wheelsIn(path) : List.of(path));
        }
        return files;
    }

    @Command(description = "Prints the sets of libraries that are installed; the first is the one that is used.")
    void list() throws IOException {
        List<Path> sets = NativesFolder.sets(installation.folder());
        if (sets.isEmpty()) {
            out().println("none in " + installation.folder());
        }
        for (Path set : sets) {
            out().printf(Locale.ROOT, "%s  %.1f GB  %s%n", set.getFileName(), bytes(set) / 1e9, set);
        }
    }

    private static long bytes(Path set) throws IOException {
        long sum = 0;
        try (var files = Files.walk(set)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sum += Files.size(file);
            }
        }
        return sum;
    }

    @Command(description = "Removes a set of libraries.")
    void remove(@Parameters(paramLabel = "SET", description = "Its name, as gatun natives list prints it.") String set) throws IOException {
        installation.remove(set);
        out().println("removed: " + set);
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
