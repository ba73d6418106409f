package dev.gatun.lm;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import dev.gatun.cudnn.Dnn;
import dev.gatun.cudnn.DropoutDescriptor;
import dev.gatun.cudnn.RnnDescriptor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A word-level language model: a word's embedding goes through a stack of LSTM layers, whose output a linear layer maps to one
 * logit for each word that may come next.
 *
 * <p>It owns the parameters on the device, and a stream with cuBLAS and cuDNN handles that everything made from the model
 * enqueues its work on. A {@link Trainer}, {@link Evaluator} or {@link Sampler} must be closed before its model. Not
 * thread-safe: one thread at a time may use a model and all that was made from it.
 */
public final class LanguageModel implements AutoCloseable {
    private static final String EMBED_WEIGHT = "embed.weight";
    private static final String LINEAR_WEIGHT = "linear.weight";

    private final Resources resources = new Resources();
    private final ModelConfig config;
    private final Stream stream;
    private final Blas blas;
    private final Dnn dnn;
    private final RnnDescriptor rnn;
    private final Kernels kernels;
    private final ParameterBlock parameters;

    private LanguageModel(ModelConfig config) {
        this.config = config;
        try {
            stream = resources.own(Stream.create());
            blas = resources.own(Blas.create(stream));
            dnn = resources.own(Dnn.create(stream));
            DropoutDescriptor dropout = resources.own(DropoutDescriptor.none(dnn));
            rnn = resources.own(RnnDescriptor.lstm(dnn, config.embed(), config.hidden(), config.layers(), dropout));
            kernels = resources.own(new Kernels());
            parameters = new ParameterBlock(ParameterLayout.of(config, rnn), stream, resources);
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /**
     * Makes a model with first values from PyTorch's default distributions: N(0, 1) for the embedding, and
     * U(-1/√hidden, 1/√hidden) for all else. A value depends on the seed, its tensor's name and its index alone; the numbers are
     * not those of PyTorch for the same seed.
     *
     * @throws dev.gatun.device.DeviceException if this process has no usable device
     * @throws dev.gatun.device.NativeCallException if a call fails, for example because the device's memory does not suffice
     */
    public static LanguageModel create(ModelConfig config, long seed) {
        LanguageModel model = new LanguageModel(config);
        try {
            model.initialize(new Initializer(seed));
            return model;
        } catch (Throwable t) {
            model.close();
            throw t;
        }
    }

    private void initialize(Initializer initializer) {
        double bound = 1 / Math.sqrt(config.hidden());
        for (TensorInfo tensor : parameters.tensors()) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment values = arena.allocate(tensor.byteSize(), Float.BYTES);
                if (tensor.name().equals(EMBED_WEIGHT)) {
                    initializer.normal(tensor.name(), values);
                } else {
                    initializer.uniform(tensor.name(), bound, values);
                }
                parameters.copyFrom(tensor, values);
            }
        }
    }

    /**
     * Makes a model from a safetensors file of its parameters; their shapes give its sizes.
     *
     * @throws SafetensorsException if the file breaks the format, or its tensors are not those of such a model; says which
     * @throws IOException if the file cannot be read
     */
    public static LanguageModel load(Path file) throws IOException {
        try (Safetensors tensors = Safetensors.open(file)) {
            LanguageModel model = new LanguageModel(configOf(file, tensors.tensors()));
            try {
                model.loadWeights(file, tensors);
                return model;
            } catch (Throwable t) {
                model.close();
                throw t;
            }
        }
    }

    private static ModelConfig configOf(Path file, Map<String, TensorInfo> tensors) throws SafetensorsException {
        List<Long> embed = matrix(file, tensors, EMBED_WEIGHT);
        List<Long> linear = matrix(file, tensors, LINEAR_WEIGHT);
        int layers = 0;
        while (tensors.containsKey("lstm.weight_ih_l" + layers)) {
            layers++;
        }
        try {
            return new ModelConfig(Math.toIntExact(embed.get(0)), Math.toIntExact(embed.get(1)), Math.toIntExact(linear.get(1)), layers);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new SafetensorsException(file + ": no model has " + layers + " tensors lstm.weight_ih_l0, l1, ..., an "
                    + tensors.get(EMBED_WEIGHT) + " and a " + tensors.get(LINEAR_WEIGHT) + ": " + e.getMessage());
        }
    }

    private static List<Long> matrix(Path file, Map<String, TensorInfo> tensors, String name) throws SafetensorsException {
        TensorInfo tensor = tensors.get(name);
        if (tensor == null || tensor.shape().size() != 2) {
            throw new SafetensorsException(file + ": expected a matrix " + name + ", found "
                    + (tensor == null ? "none; the file holds " + tensors.values() : tensor));
        }
        return tensor.shape();
    }

    /**
     * Replaces all parameters by those of a safetensors file.
     *
     * @throws SafetensorsException if the file breaks the format, or lacks a tensor of this model, or holds one of another shape
     *     or one that the model does not have; says which. The parameters are then as they were
     * @throws IOException if the file cannot be read
     */
    public void loadWeights(Path file) throws IOException {
        try (Safetensors tensors = Safetensors.open(file)) {
            loadWeights(file, tensors);
        }
    }

    private void loadWeights(Path file, Safetensors tensors) throws IOException {
        Set<String> unknown = new HashSet<>(tensors.tensors().keySet());
        for (TensorInfo tensor : parameters.tensors()) {
            tensors.values(tensor);
            unknown.remove(tensor.name());
        }
        if (!unknown.isEmpty()) {
            throw new SafetensorsException(file + ": the model has no tensor of the name " + unknown + "; it has " + parameters.tensors());
        }
        for (TensorInfo tensor : parameters.tensors()) {
            parameters.copyFrom(tensor, tensors.values(tensor));
        }
    }

    /**
     * Writes all parameters to a safetensors file, under the names of a PyTorch state dict. An existing file is replaced as a
     * whole at the end; a failure leaves it as it was.
     *
     * @throws IOException if the file cannot be written
     */
    public void save(Path file) throws IOException {
        Safetensors.write(file, Map.of("format", "pt"), parameters.tensors(), parameters::copyTo);
    }

    /** Returns the model's sizes. */
    public ModelConfig config() {
        return config;
    }

    /** Returns the parameters, by name. */
    public ParameterBlock parameters() {
        return parameters;
    }

    /** Returns what all work of this model is enqueued on. */
    Stream stream() {
        return stream;
    }

    Blas blas() {
        return blas;
    }

    Dnn dnn() {
        return dnn;
    }

    RnnDescriptor rnn() {
        return rnn;
    }

    Kernels kernels() {
        return kernels;
    }

    /** Reads one float once all enqueued work is done. */
    float read(DeviceBuffer value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(ValueLayout.JAVA_FLOAT);
            value.copyToAsync(host, stream);
            stream.synchronize();
            return host.get(ValueLayout.JAVA_FLOAT, 0);
        }
    }

    /** Frees everything on the device; further calls do nothing. */
    @Override
    public void close() {
        resources.close();
    }
}
