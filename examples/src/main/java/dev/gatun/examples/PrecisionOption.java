package dev.gatun.examples;

import dev.gatun.lm.Precision;
import picocli.CommandLine.Option;

/** The option {@code --precision}. */
final class PrecisionOption {
    @Option(names = "--precision", paramLabel = "fp32|tf32|bf16|fp16", defaultValue = "fp32", converter = Reader.class,
            description = "What a training step's tensors are stored and multiplied in; the parameters are kept in float32. bf16 and fp16"
                    + " are mixed precision, fp16 with a loss scale; tf32 and bf16 need a GPU of compute capability 8.0. Default: fp32.")
    private Precision precision;

    /** Returns the precision asked for. */
    Precision value() {
        return precision;
    }

    private static final class Reader extends Choice<Precision> {
        Reader() {
            super(Precision.values());
        }
    }
}
