package dev.gatun.examples;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.examples.export.OnnxModel;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.text.Vocabulary;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun export}: writes a trained model for other programs. */
@Command(name = "export",
        description = {"Writes a trained model for other programs. PyTorch and all that reads safetensors needs no export: the folder's",
            "model.safetensors has PyTorch's names and shapes."})
final class ExportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--model", paramLabel = "DIR", required = true, description = "The folder that gatun train wrote.")
    private Path model;

    @ArgGroup(exclusive = false, multiplicity = "1")
    private Targets targets;

    /** What to write; at least one of them. */
    static final class Targets {
        @Option(names = "--onnx", paramLabel = "FILE", description = {"The file to write or replace with an ONNX model (opset 17):",
            "tokens int64 [T][N], h0 and c0 [layers][N][hidden] to logits [T][N][vocabulary], hn and cn."})
        private Path onnx;

        @Option(names = "--vocabulary", paramLabel = "FILE",
                description = "The file to write or replace with the vocabulary as JSON: tokenizer, and tokens in the order of ids.")
        private Path vocabulary;
    }

    @Mixin
    private DeviceOption device;

    @Override
    public Integer call() throws IOException {
        RunDirectory directory = new RunDirectory(model);
        Vocabulary vocabulary = directory.readVocabulary();
        if (targets.onnx != null) {
            device.choose();
            try (LanguageModel loaded = directory.load(vocabulary)) {
                AtomicFile.write(targets.onnx, file -> {
                    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
                        OnnxModel.write(loaded, spec.version()[0], out);
                    }
                });
            }
            written(targets.onnx);
        }
        if (targets.vocabulary != null) {
            ObjectNode json = RunDirectory.object().put("tokenizer", vocabulary.tokenizer().toString());
            ArrayNode tokens = json.putArray("tokens");
            vocabulary.words().forEach(tokens::add);
            AtomicFile.write(targets.vocabulary, file -> Files.writeString(file, json.toPrettyString() + "\n"));
            written(targets.vocabulary);
        }
        return 0;
    }

    private void written(Path file) {
        spec.commandLine().getOut().println("wrote " + file);
    }
}
