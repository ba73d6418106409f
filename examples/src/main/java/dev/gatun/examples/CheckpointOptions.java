package dev.gatun.examples;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options on going on with a run, and on what that needs. */
final class CheckpointOptions {
    @Option(names = "--config", paramLabel = "FILE",
            description = "Take defaults from the config.json of a run; options on the command line win.")
    Path config;

    @Option(names = "--resume", paramLabel = "DIR",
            description = "Go on with the run in this folder, with its options. --epochs or --steps may be larger, which extends it.")
    Path resume;

    @Option(names = "--checkpoint-every", paramLabel = "N", defaultValue = "0", converter = Numbers.NotNegative.class,
            description = "Steps from one checkpoint to the next; there is one after each epoch too. Default: 0, every two minutes.")
    int every;

    @Option(names = "--keep", paramLabel = "N", defaultValue = "2", converter = Numbers.Positive.class,
            description = "How many checkpoints to keep. Default: 2.")
    int keep;
}
