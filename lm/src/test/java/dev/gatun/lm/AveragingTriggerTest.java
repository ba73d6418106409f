package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Averaging starts at the validation at which AWD-LSTM's program starts it. */
class AveragingTriggerTest {
    /** Returns the index of the loss at which the trigger fires, or -1. */
    private static int firesAt(int interval, double... losses) {
        AveragingTrigger trigger = new AveragingTrigger(interval);
        for (int i = 0; i < losses.length; i++) {
            trigger = trigger.after(losses[i]);
            if (trigger.fired()) {
                return i;
            }
        }
        return -1;
    }

    @ParameterizedTest
    @CsvSource({
        "0, 5 4 4.5 3, 2",
        "1, 5 4 4.5 3, -1", //          4.5 is compared with 5 alone
        "1, 5 4 4.5 4.1, 3", //         and 4.1 with 4
        "2, 5 4 4.5 4.2 4.1, 4", //     4.1 with 5 and 4
        "2, 4 4 4 4 4, -1", //          as good is not worse
        "5, 5 6 6 6 6 6, -1", //        the first five only are remembered
        "5, 5 6 6 6 6 4.9 5.1, 6",
    })
    void theFirstLossAboveTheBestOfThoseBeforeTheIntervalFires(int interval, String losses, int expected) {
        assertEquals(expected, firesAt(interval, List.of(losses.split(" ")).stream().mapToDouble(Double::parseDouble).toArray()));
    }

    /** Their condition: more losses than n are there, and the new one is above the least of all but the last n. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 9})
    void itFiresWhereTheAuthorsConditionHolds(int n) {
        Random random = new Random(n);
        for (int run = 0; run < 200; run++) {
            double slope = 0.3 * random.nextDouble();
            double[] losses = new double[40];
            int expected = -1;
            for (int i = 0; i < losses.length; i++) {
                losses[i] = 10 - slope * i + random.nextGaussian();
                List<Double> before = Arrays.stream(losses, 0, i).boxed().toList();
                if (expected < 0 && i > n && losses[i] > Collections.min(before.subList(0, i - n))) {
                    expected = i;
                }
            }
            assertEquals(expected, firesAt(n, losses));
        }
    }

    @Test
    void onceFiredItStaysSo() {
        AveragingTrigger trigger = new AveragingTrigger(0).after(2).after(3);
        assertTrue(trigger.fired() && trigger.after(1).fired());
        assertEquals(trigger, trigger.after(1));
    }

    @Test
    void aNegativeIntervalIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new AveragingTrigger(-1));
    }
}
