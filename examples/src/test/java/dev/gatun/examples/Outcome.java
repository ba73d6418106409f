package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import picocli.CommandLine;

/** What one run of the command did: its exit code, and what it printed. */
record Outcome(int exitCode, String out, String err) {
    /** Runs {@code gatun} in this process. */
    static Outcome of(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = Gatun.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        int exitCode = command.execute(Arrays.stream(arguments).map(Object::toString).toArray(String[]::new));
        return new Outcome(exitCode, out.toString(), err.toString());
    }

    /** Fails unless the run succeeded. */
    Outcome succeeded() {
        assertEquals(0, exitCode, err);
        return this;
    }
}
