package dev.gatun.tests.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.lm.kernels.LmPtx;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Changes one instruction of a kernel at a time, which {@link KernelChecks} must notice. The changes that they do not notice stand
 * in {@code survivors.txt}, each with the reason why there is nothing to notice.
 */
class MutantsTest {
    private static final int OF_A_KERNEL = 30;

    /** Blocks of few warps and of as many as there can be, and of 1, 2 and 5, where loops over warps end early or late. */
    private static final List<KernelBench.Setting> SETTINGS =
            List.of(new KernelBench.Setting(96, 1, 0, 0), new KernelBench.Setting(1024, 2, 0, 8), new KernelBench.Setting(32, 3, 0, 0),
                    new KernelBench.Setting(64, 4, 0, 0), new KernelBench.Setting(160, 5, 0, 0));

    /** Returns some mutants of each kernel, always the same; those that are no valid PTX are left out. */
    private static List<Mutant> some() {
        TreeMap<String, List<Mutant>> byKernel = new TreeMap<>();
        Mutant.of(LmPtx.text()).forEach(mutant -> byKernel.computeIfAbsent(mutant.kernel(), kernel -> new ArrayList<>()).add(mutant));
        List<Mutant> some = new ArrayList<>();
        byKernel.values().forEach(mutants -> {
            Collections.shuffle(mutants, new Random(1));
            some.addAll(mutants.subList(0, Math.min(OF_A_KERNEL, mutants.size())));
        });
        some.removeIf(mutant -> !isValid(mutant));
        return some;
    }

    private static boolean isValid(Mutant mutant) {
        try {
            mutant.module(LmPtx.text());
            return true;
        } catch (PtxException e) {
            return false;
        }
    }

    private static boolean survives(Mutant mutant) {
        PtxModule module = mutant.module(LmPtx.text());
        try {
            SETTINGS.forEach(setting -> KernelChecks.ALL.get(mutant.kernel()).accept(new KernelBench(module, setting)));
            return true;
        } catch (AssertionError | Fault killed) {
            return false;
        }
    }

    /** Returns the reasons of the explained survivors, by the mutants' texts. */
    private static Map<String, String> explained() throws IOException {
        try (var survivors = MutantsTest.class.getResourceAsStream("survivors.txt")) {
            return new String(survivors.readAllBytes(), StandardCharsets.US_ASCII).lines().filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(" \\| ")).collect(Collectors.toMap(line -> line[1], line -> line[0]));
        }
    }

    @Tag("full")
    @Test
    void everyChangeIsNoticedButThoseThatChangeNothing() throws IOException {
        List<Mutant> mutants = some();
        List<Mutant> survivors = mutants.parallelStream().filter(MutantsTest::survives).toList();
        Map<String, String> explained = explained();
        String found = survivors.stream().map(Mutant::toString).sorted().collect(Collectors.joining("\n"));
        assertEquals(String.join("\n", new TreeSet<>(explained.keySet())), found, "survivors, and those explained in survivors.txt");
        assertTrue(mutants.size() > 250, mutants.size() + " mutants");

        StringBuilder table = new StringBuilder("| kernel | changes tried | noticed | nothing to notice |\n|---|---|---|---|\n");
        new TreeSet<>(KernelChecks.ALL.keySet())
                .forEach(kernel -> row(table, kernel, ofKernel(mutants, kernel), ofKernel(survivors, kernel)));
        row(table, "all", mutants.size(), survivors.size());
        table.append("\n| why there is nothing to notice | changes |\n|---|---|\n");
        new TreeMap<>(explained.values().stream().collect(Collectors.groupingBy(reason -> reason, Collectors.counting())))
                .forEach((reason, count) -> table.append("| ").append(reason).append(" | ").append(count).append(" |\n"));
        KernelPage.assertSays("mutants", table.toString());
    }

    private static long ofKernel(List<Mutant> mutants, String kernel) {
        return mutants.stream().filter(mutant -> mutant.kernel().equals(kernel)).count();
    }

    private static void row(StringBuilder table, String kernel, long tried, long survived) {
        table.append("| ").append(kernel).append(" | ").append(tried).append(" | ").append(tried - survived).append(" | ").append(survived)
                .append(" |\n");
    }
}
