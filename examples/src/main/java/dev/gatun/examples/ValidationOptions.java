package dev.gatun.examples;

import picocli.CommandLine.Option;

/** The options on when a run is measured and when it stops for it. */
final class ValidationOptions {
    @Option(names = "--valid-split", paramLabel = "X", converter = Numbers.Fraction.class,
            description = "Without --valid: hold out this share of the lines of --data, chosen by --seed, to validate on.")
    Float split;

    @Option(names = "--eval-every", paramLabel = "N", defaultValue = "0", converter = Numbers.NotNegative.class,
            description = "Validate every N steps too, not only after each epoch. Default: 0, which is never.")
    int every;

    @Option(names = "--patience", paramLabel = "N", defaultValue = "0", converter = Numbers.NotNegative.class,
            description = "Stop when validation has not improved N times in a row. Default: 0, which is never.")
    int patience;
}
