package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A trainer's state and its model's parameters as the tensors of a file: parameters under their own names, moments as
 * {@code NAME/PARAMETER}, and every other buffer under its name, as bytes.
 */
final class Checkpoint {
    /** How a tensor's values come to host memory and back. */
    private record Access(Consumer<MemorySegment> copyTo, Consumer<MemorySegment> copyFrom) {}

    private final Map<TensorInfo, Access> tensors = new LinkedHashMap<>();

    Checkpoint(ParameterBlock parameters, TrainerState state, Stream stream) {
        add("", parameters);
        // Sorted, so that the same state makes the same file in every process.
        new TreeMap<>(state.moments()).forEach((name, block) -> add(name + "/", block));
        new TreeMap<>(state.buffers()).forEach((name, buffer) -> add(name, buffer, stream));
    }

    private void add(String prefix, ParameterBlock block) {
        for (TensorInfo tensor : block.tensors()) {
            tensors.put(new TensorInfo(prefix + tensor.name(), tensor.shape()),
                    new Access(host -> block.copyTo(tensor, host), host -> block.copyFrom(tensor, host)));
        }
    }

    private void add(String name, DeviceBuffer buffer, Stream stream) {
        tensors.put(new TensorInfo(name, List.of(buffer.byteSize()), TensorType.U8), new Access(host -> {
            buffer.copyToAsync(host, stream);
            stream.synchronize();
        }, host -> {
            buffer.copyFromAsync(host, stream);
            stream.synchronize();
        }));
    }

    /** Writes all tensors once all enqueued work is done. */
    void save(Path file, Map<String, String> metadata) throws IOException {
        CheckedFile.write(file, metadata, List.copyOf(tensors.keySet()), (tensor, values) -> tensors.get(tensor).copyTo.accept(values));
    }

    /** Replaces all tensors, after all enqueued work, or none where the file is not fit; returns the metadata. */
    Map<String, String> restore(Path file) throws IOException {
        try (Safetensors saved = CheckedFile.open(file)) {
            Set<String> unknown = new HashSet<>(saved.tensors().keySet());
            unknown.remove(CheckedFile.CHECKSUM.name());
            for (TensorInfo tensor : tensors.keySet()) {
                saved.values(tensor);
                unknown.remove(tensor.name());
            }
            if (!unknown.isEmpty()) {
                throw new SafetensorsException(file + ": this training has no state of the name " + unknown + "; it has "
                        + tensors.keySet());
            }
            for (Map.Entry<TensorInfo, Access> entry : tensors.entrySet()) {
                entry.getValue().copyFrom.accept(saved.values(entry.getKey()));
            }
            return Map.copyOf(saved.metadata());
        }
    }
}
