package dev.gatun.examples.doctor;

import dev.gatun.cuda.DeviceInfo;
import dev.gatun.device.Owner;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Sampler;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Checks that nothing is left behind: every native object that was made is destroyed, and the device's memory comes back.
 *
 * <p>Objects are counted exactly, by their owners. Memory is asked of the device, which other processes use too, and which gives it
 * back in blocks of megabytes: it is counted in models, and what is lost is rounded to whole ones.
 */
final class LeakChecks {
    private static final int CYCLES = 4;
    private static final int STEPS = 3; // single calls, recorded, replayed

    /** 32 MB of parameters, gradients and moments: far above the blocks that a device gives memory back in. */
    private static final ModelConfig CONFIG = new ModelConfig(4000, 128, 256, 1);
    private static final TrainingOptions OPTIONS = new TrainingOptions(4, 8, 0.5f, 0.002f, 1);

    private LeakChecks() {}

    /** Makes the checks; the objects counted are those made from now on. */
    static List<Check> all() {
        return all(LeakChecks::cycle);
    }

    /** A cycle makes and closes what holds memory, and returns how much was free while it lived. */
    static List<Check> all(LongSupplier cycle) {
        long madeBefore = Owner.made();
        long destroyedBefore = Owner.destroyed();
        return List.of(new Check("everything is freed", CYCLES + " models made, trained, sampled, closed", 0, comparer -> {
            cycle.getAsLong(); // the libraries keep what they set up on first use
            long free = DeviceInfo.freeMemoryBytes();
            long modelBytes = 1;
            for (int i = 0; i < CYCLES; i++) {
                modelBytes = Math.max(modelBytes, free - cycle.getAsLong());
            }
            long lostModels = Math.round(Math.max(0, free - DeviceInfo.freeMemoryBytes()) / (double) modelBytes);
            comparer.compare("native objects made and destroyed by this and the other checks", new double[] {Owner.made() - madeBefore},
                    new double[] {Owner.destroyed() - destroyedBefore});
            comparer.compare("models whose memory came back", new double[] {CYCLES}, new double[] {CYCLES - lostModels});
        }));
    }

    /** Returns the memory that is free while the model, the trainer and the sampler live. */
    private static long cycle() {
        try (LanguageModel model = LanguageModel.create(CONFIG, 1);
                Trainer trainer = new Trainer(model, OPTIONS);
                Sampler sampler = new Sampler(model);
                Arena arena = Arena.ofConfined()) {
            MemorySegment words = arena.allocate(ValueLayout.JAVA_INT, (long) OPTIONS.batch() * OPTIONS.seq());
            for (int step = 0; step < STEPS; step++) {
                trainer.step(words, words);
            }
            sampler.sample(1, 1, 1, word -> {});
            return DeviceInfo.freeMemoryBytes();
        }
    }
}
