package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Schedules against the learning rates of PyTorch 2.13's schedulers, with SGD at 1.0, one {@code scheduler.step()} a step. */
class ScheduleTest {
    /** PyTorch multiplies a rate from step to step, the schedules here start from the first each time: a few ulps of a double. */
    private static final double TOLERANCE = 1e-14;

    private static void assertFactors(Schedule schedule, double... expected) {
        assertArrayEquals(expected, LongStream.range(0, expected.length).mapToDouble(schedule::factor).toArray(), TOLERANCE);
    }

    @Test
    void constantStaysAtOne() {
        assertFactors(Schedule.constant(), 1, 1, 1);
    }

    @Test
    void cosineIsCosineAnnealingLR() {
        // CosineAnnealingLR(optimizer, 8, eta_min=0.1)
        assertFactors(Schedule.cosine(8, 0.1), 1.0, 0.9657457896300791, 0.8681980515339464, 0.7222075445642905, 0.55, 0.3777924554357097,
                0.2318019484660537, 0.134254210369921, 0.1);
        assertEquals(0.1, Schedule.cosine(8, 0.1).factor(1000), "past its end it stays where it ended");
    }

    @Test
    void stepsIsMultiStepLR() {
        // MultiStepLR(optimizer, [2, 5, 6], gamma=0.25)
        assertFactors(Schedule.steps(0.25, List.of(2L, 5L, 6L)), 1.0, 1.0, 0.25, 0.25, 0.25, 0.0625, 0.015625, 0.015625);
    }

    @Test
    void warmupIsALinearLambdaLR() {
        // LambdaLR(optimizer, lambda step: min(1, (step + 1) / 4))
        assertFactors(Schedule.constant().afterWarmup(4), 0.25, 0.5, 0.75, 1.0, 1.0, 1.0);
        assertFactors(Schedule.constant().afterWarmup(0), 1.0, 1.0);
    }

    @Test
    void aScheduleBeginsAfterItsWarmup() {
        // SequentialLR(optimizer, [LambdaLR(optimizer, lambda step: (step + 1) / 3), CosineAnnealingLR(optimizer, 5)], [3])
        assertFactors(Schedule.cosine(5, 0).afterWarmup(3), 0.3333333333333333, 0.6666666666666666, 1.0, 1.0, 0.9045084971874737,
                0.6545084971874737, 0.3454915028125263, 0.09549150281252632);
    }

    @Test
    void plateauIsReduceLROnPlateau() {
        // ReduceLROnPlateau(optimizer, factor=0.25, patience=1, min_lr=0.1); 3.9999 and 3.8999 are within the threshold of 1e-4.
        double[] losses = {5, 4, 4.1, 3.9999, 4.2, 3.9, 3.91, 3.8999, 3.95, 3.7, 3.8, 3.8, 3.8, 3.8, 3.8};
        double[] expected = {1, 1, 1, 0.25, 0.25, 0.25, 0.25, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
        double[] found = new double[losses.length];
        Plateau plateau = new Plateau(new Plateau.Settings(0.25, 1, 0.1));
        for (int i = 0; i < losses.length; i++) {
            plateau = plateau.after(losses[i]);
            found[i] = plateau.scale();
        }
        assertArrayEquals(expected, found);
    }

    @Test
    void settingsThatCannotWorkAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Schedule.cosine(0, 0));
        assertThrows(IllegalArgumentException.class, () -> Schedule.cosine(5, 1.5));
        assertThrows(IllegalArgumentException.class, () -> Schedule.steps(0, List.of(1L)));
        assertThrows(IllegalArgumentException.class, () -> Schedule.steps(0.5, List.of(0L)));
        assertThrows(IllegalArgumentException.class, () -> Schedule.constant().afterWarmup(-1));
        assertThrows(IllegalArgumentException.class, () -> new Plateau.Settings(1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Plateau.Settings(0.5, -1, 0));
        assertThrows(IllegalArgumentException.class, () -> new Plateau.Settings(0.5, 0, 2));
    }
}
