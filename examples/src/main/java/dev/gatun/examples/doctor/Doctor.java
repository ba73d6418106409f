package dev.gatun.examples.doctor;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.device.Device;
import dev.gatun.device.DeviceException;
import dev.gatun.device.NativeCallException;
import dev.gatun.device.NativeLibrary;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Examines this machine: what is installed and what is missing, whether the device computes what it must, and how fast it trains.
 * The report is text, a line as soon as it is known, or one JSON object at the end.
 */
public final class Doctor {
    /** Stands before what belongs to the line of a check. */
    private static final String INDENT = " ".repeat(10);

    private final List<Check> checks;
    private final Speed speed;
    private final Optional<CallCounter> counter;
    private final PrintWriter text;
    private final ObjectNode report = JsonNodeFactory.instance.objectNode();

    /**
     * Checks all there is, counts native calls, and measures the tutorial's model. Calls are counted only in a process that has made
     * none before.
     */
    public Doctor(PrintWriter out, boolean json) {
        this(out, json, allChecks(), Speed.TUTORIAL, CallCounter.start());
    }

    Doctor(PrintWriter out, boolean json, List<Check> checks, Speed speed, Optional<CallCounter> counter) {
        this.checks = checks;
        this.speed = speed;
        this.counter = counter;
        text = json ? new PrintWriter(PrintWriter.nullWriter()) : out;
    }

    static List<Check> allChecks() {
        List<Check> leaks = LeakChecks.all();
        List<Check> checks = new ArrayList<>(BlasChecks.all());
        checks.addAll(LstmChecks.all());
        checks.addAll(KernelChecks.all());
        checks.addAll(MixedPrecisionChecks.all());
        checks.addAll(TrainingChecks.all());
        checks.addAll(leaks);
        return checks;
    }

    /**
     * Runs the examination.
     *
     * @param version what is examined, for the report
     * @param device chooses the device; a {@link DeviceException} is reported as what is missing
     * @return the report as JSON; its field {@code passed} says whether every check passed
     */
    public ObjectNode examine(String version, Supplier<Device> device) {
        text.println(version + " doctor");
        text.println();
        report.put("gatun", version).put("passed", false);
        ObjectNode environment = report.putObject("environment");
        printFacts(environment, Environment.ofProcess());
        try {
            Device chosen = device.get();
            printFacts(environment, Environment.of(chosen));
            printMissing(chosen.missing());
            boolean passed = runChecks();
            counter.ifPresentOrElse(this::countCalls, () -> text.println("Native calls were not counted: this process made some before."));
            measureSpeed();
            report.put("passed", passed);
        } catch (DeviceException e) {
            printMissing(e.getMessage());
        } catch (NativeCallException e) {
            report.put("failure", e.getMessage());
            text.println("FAILED: " + e.getMessage());
        }
        text.flush();
        return report;
    }

    private void printFacts(ObjectNode environment, Map<String, String> facts) {
        facts.forEach((title, fact) -> {
            environment.put(title.replace(' ', '_'), fact);
            text.printf("  %-20s%s%n", title, fact);
        });
    }

    private void printMissing(String missing) {
        report.put("missing", missing);
        if (!missing.isEmpty()) {
            text.printf("  %-20s%s%n", "missing for a GPU", missing.replace("\n", "\n" + " ".repeat(22)));
            text.printf("  %-20s%s%n", "", "docs/gpu.md says how to set one up.");
        }
    }

    private boolean runChecks() {
        text.println();
        text.println("Self-test. error: norm of the difference over the norm of what was expected; 0: bit for bit.");
        ArrayNode results = report.putArray("checks");
        int failed = 0;
        for (Check check : checks) {
            Check.Result result = check.run();
            failed += result.passed() ? 0 : 1;
            ObjectNode json = results.addObject().put("name", result.name()).put("compared", result.compared());
            json.put("error", Double.isFinite(result.error()) ? result.error() : null).put("bound", result.bound())
                    .put("passed", result.passed()).put("difference", result.difference());
            text.printf(Locale.ROOT, "  %-8s%-41s%-46s error %-8s bound %s%n", result.passed() ? "ok" : "FAILED", result.name(),
                    result.compared(), number(result.error()), number(result.bound()));
            if (!result.passed()) {
                text.println(INDENT + result.difference().replace("\n", "\n" + INDENT));
            }
            text.flush();
        }
        text.println();
        text.println(failed == 0 ? "All " + checks.size() + " checks passed." : failed + " of " + checks.size() + " checks FAILED.");
        return failed == 0;
    }

    private static String number(double value) {
        return value == 0 ? "0" : Double.isFinite(value) ? String.format(Locale.ROOT, "%.1e", value) : "none";
    }

    private void countCalls(CallCounter counter) {
        text.println();
        text.printf("  %-30s", "Native calls");
        for (NativeLibrary library : NativeLibrary.values()) {
            text.printf("%-14s", library.title());
        }
        text.printf("%-14s%s%n", "all", "own kernels");
        ObjectNode json = report.putObject("native_calls");
        Calls.measure(counter).forEach((title, count) -> {
            ObjectNode row = json.putObject(title.replace(",", "").replace(' ', '_'));
            text.printf("  %-30s", title);
            count.calls().forEach((library, calls) -> {
                row.put(library.title().replace(' ', '_'), calls);
                text.printf("%-14s", calls(calls));
            });
            row.put("all", count.all()).put("own_kernels", count.kernelLaunches());
            text.printf("%-14s%s%n", calls(count.all()), calls(count.kernelLaunches()));
        });
        text.flush();
    }

    private static String calls(double count) {
        return count == Math.rint(count) ? Long.toString((long) count) : String.format(Locale.ROOT, "%.2f", count);
    }

    private void measureSpeed() {
        text.println();
        text.println("Speed of training: vocabulary " + speed.config().vocabulary() + ", embed " + speed.config().embed() + ", hidden "
                + speed.config().hidden() + ", layers " + speed.config().layers() + ", batch " + speed.batch() + ", seq " + speed.seq());
        text.flush();
        Speed.Figure figure = speed.measure();
        report.putObject("speed").put("words_per_second", figure.wordsPerSecond()).put("step_seconds", figure.stepSeconds())
                .put("step_operations", figure.stepOperations()).put("step_bytes", figure.stepBytes())
                .put("operations_per_second", figure.operationRate()).put("bytes_per_second", figure.byteRate())
                .put("product_operations_per_second", figure.productRate()).put("copy_bytes_per_second", figure.copyRate());
        text.printf(Locale.ROOT, "  %-20s%,.0f%n", "words a second", figure.wordsPerSecond());
        text.printf(Locale.ROOT, "  %-20s%.2f ms; counted: %.2f GFLOP in matrix products, %.2f GB read and written at least%n", "a step",
                figure.stepSeconds() * 1e3, figure.stepOperations() / 1e9, figure.stepBytes() / 1e9);
        rates("achieved", figure.operationRate(), figure.byteRate(), "");
        rates("device at best", figure.productRate(), figure.copyRate(), " (products of " + speed.productSize() + " x "
                + speed.productSize() + " matrices, copies of " + (speed.copyBytes() >> 20) + " MiB)");
    }

    private void rates(String title, double operations, double bytes, String how) {
        text.printf(Locale.ROOT, "  %-20s%.1f GFLOP/s, %.1f GB/s%s%n", title, operations / 1e9, bytes / 1e9, how);
    }
}
