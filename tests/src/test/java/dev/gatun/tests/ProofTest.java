package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.lm.kernels.LmPtx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Counts what the build has proven without a GPU, from the reports of the tests that ran before it, and holds the counts to minimums.
 * The counts are printed, and written to {@code target/proof.txt}. The build runs it last, after a {@code mvn verify} of all modules.
 */
class ProofTest {
    private static final int FEWEST_VIOLATIONS = 60;
    private static final int FEWEST_COMPARISONS = 100;
    private static final int FEWEST_MUTANTS = 250;

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final StringBuilder PROOF = new StringBuilder();

    @TempDir
    private Path folder;

    @BeforeAll
    static void begin() {
        PROOF.setLength(0);
    }

    @AfterAll
    static void print() throws IOException {
        Files.writeString(Path.of("target/proof.txt"), PROOF);
        System.out.print("Proven without a GPU:\n" + PROOF);
    }

    private static void say(String what, Object count) {
        PROOF.append(String.format("  %-72s%s%n", what, count));
    }

    /** One test, as surefire reports it. */
    private record Case(String name, boolean passed, boolean skipped, String output) {}

    /** Returns the tests of the classes whose reports a pattern matches, in all modules. */
    private static List<Case> cases(String report) throws Exception {
        try (Stream<Path> files = Files.find(ROOT, 4, (path, attributes) -> path.getParent().endsWith("target/surefire-reports")
                && path.getFileName().toString().matches("TEST-dev\\.gatun\\." + report + "\\.xml"))) {
            List<Case> cases = files.flatMap(ProofTest::casesOf).toList();
            return cases.isEmpty() ? fail("no reports of " + report + " in any module: run mvn verify from the root") : cases;
        }
    }

    private static Stream<Case> casesOf(Path report) {
        try {
            NodeList nodes = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(report.toFile())
                    .getElementsByTagName("testcase");
            return IntStream.range(0, nodes.getLength()).mapToObj(i -> (Element) nodes.item(i)).map(test -> {
                boolean skipped = has(test, "skipped");
                return new Case(test.getAttribute("name"), !skipped && !has(test, "failure") && !has(test, "error"), skipped,
                        test.getTextContent());
            });
        } catch (Exception e) {
            throw new IllegalStateException(report.toString(), e);
        }
    }

    private static boolean has(Element test, String tag) {
        return test.getElementsByTagName(tag).getLength() > 0;
    }

    /** Returns the numbers that passed tests have printed before some words; skips the test where all of them were skipped. */
    private static List<Integer> printed(String report, String words) throws Exception {
        List<Case> cases = cases(report);
        if (cases.stream().allMatch(Case::skipped)) {
            say(words, "not counted: " + report + " was skipped");
        }
        assumeTrue(cases.stream().anyMatch(Case::passed), report + " was skipped: its peer is missing");
        Pattern number = Pattern.compile("(\\d+) " + words);
        return cases.stream().filter(Case::passed).flatMap(test -> number.matcher(test.output()).results())
                .map((MatchResult match) -> Integer.valueOf(match.group(1))).toList();
    }

    @Test
    void everyFunctionThatLmCanReachIsExecutedInCheckedMode() throws Exception {
        Forked run = Forked.java("--enable-native-access=ALL-UNNAMED", "-Dgatun.device=host", "-Dgatun.check=full", "-cp",
                System.getProperty("java.class.path"), LmRun.class.getName(), folder.toString());
        Set<String> executed = new TreeSet<>(run.succeeded().lines().toList());
        Set<String> reachable = LmPath.functions();
        Set<String> missing = new TreeSet<>(reachable);
        missing.removeAll(executed);
        assertEquals(Set.of(), missing, "reachable from lm and never executed; LmRun must do what calls them");
        assertTrue(reachable.contains("cudnnRNNForward") && reachable.contains("cuLaunchKernel"), reachable::toString);
        say("C functions that lm can reach, all executed in checked mode", reachable.size());
        PROOF.append("    ").append(String.join(" ", reachable).replaceAll("(.{90,120}) ", "$1\n    ")).append('\n');
    }

    @Test
    void everyKernelIsExecutedFromItsPtx() throws Exception {
        List<Case> cases = cases("tests\\.ptx\\.KernelsTest");
        assertTrue(cases.stream().allMatch(Case::passed) && cases.stream().anyMatch(test -> test.name().startsWith("everyKernelIsChecked")),
                cases::toString);
        long kernels = LmPtx.text().lines().filter(line -> line.contains(".entry ")).count();
        assertTrue(kernels > 0);
        say("kernels in the PTX, all executed from it by the interpreter", kernels);
    }

    @Test
    void plantedViolationsAreCaught() throws Exception {
        long caught = cases("host\\.\\w*ViolationTest").stream().filter(Case::passed).count();
        assertTrue(caught >= FEWEST_VIOLATIONS, caught + " of at least " + FEWEST_VIOLATIONS);
        say("planted violations of the vendors' contract caught", caught);
    }

    @Test
    void callsAreComparedWithNvidiasLibraries() throws Exception {
        int fewest = printed("tests\\.StatusComparisonTest", "calls alike").stream().mapToInt(Integer::intValue).min().orElse(0);
        assertTrue(fewest >= FEWEST_COMPARISONS, fewest + " of at least " + FEWEST_COMPARISONS);
        say("calls with the same outcome in NVIDIA's libraries and the host device", fewest);
    }

    @Test
    void prototypesAreComparedWithTheHeaders() throws Exception {
        int sum = printed("tests\\.PrototypeTest", "prototypes alike").stream().mapToInt(Integer::intValue).sum();
        try (Stream<Path> lists = Files.list(ROOT.resolve("native-headers"))) {
            int bound = 0;
            for (Path list : lists.filter(path -> path.toString().endsWith(".symbols") && !path.endsWith("dnnl.symbols")).toList()) {
                bound += (int) Files.readAllLines(list).stream().filter(line -> line.startsWith("function ")).count();
            }
            assertEquals(bound, sum);
        }
        say("bound functions, all with the prototype of the vendors' headers", sum);
    }

    /** The table that {@code MutantsTest} holds with {@code -Pfull}. */
    @Test
    void mutantsOfTheKernelsAreNoticedOrExplained() throws IOException {
        String page = Files.readString(ROOT.resolve("docs/kernels.md"));
        Matcher all = Pattern.compile("\\| all \\| (\\d+) \\| (\\d+) \\| (\\d+) \\|").matcher(page);
        assertTrue(all.find());
        int tried = Integer.parseInt(all.group(1));
        int noticed = Integer.parseInt(all.group(2));
        int explained = Integer.parseInt(all.group(3));
        assertEquals(tried, noticed + explained);
        assertTrue(tried >= FEWEST_MUTANTS, tried + " of at least " + FEWEST_MUTANTS);
        say("one-instruction mutants of the kernels (by docs/kernels.md)", noticed + " noticed, " + explained + " explained, of " + tried);
    }
}
