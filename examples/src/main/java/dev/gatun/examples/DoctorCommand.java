package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.examples.doctor.Doctor;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun doctor}: examines the machine and the device. */
@Command(name = "doctor",
        description = {"Prints what was found and what is missing, tests the device against plain Java, counts",
            "native calls, and measures its speed.",
            "The exit code is 0 only if every check passed."})
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Print one JSON object and nothing else.")
    private boolean json;

    @Mixin
    private DeviceOption device;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        ObjectNode report = new Doctor(out, json).examine(spec.version()[0], device::choose);
        if (json) {
            out.println(report.toPrettyString());
        }
        return report.get("passed").asBoolean() ? 0 : 1;
    }
}
