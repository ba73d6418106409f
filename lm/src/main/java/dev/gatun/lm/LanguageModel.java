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
 * A word-level language model: a word's embedding goes through a stack of recurrent layers, whose output a linear layer maps to
 * one logit for each word that may come next.
 *
 * <p>It owns the parameters on the device, and a stream with cuBLAS and cuDNN handles that everything made from the model
 * enqueues its work on. A {@link Trainer}, {@link Evaluator} or {@link Sampler} must be closed before its model. Not
 * thread-safe: one thread at a time may use a model and all that was made from it.
 */
public final class LanguageModel implements AutoCloseable {
    private static final String EMBED_WEIGHT = "embed.weight";
    private static final String LINEAR_WEIGHT = "linear.weight";

    /** Bytes of first values that are made at a time. */
    private static final long INITIAL_PIECE = 1 << 21;

    private final Resources resources = new Resources();
    private final ModelConfig config;
    private final Stream stream;
    private final Blas blas;
    private final Dnn dnn;
    private final DropoutDescriptor noDropout;
    private final RnnDescriptor rnn;
    private final Kernels kernels;
    private final ParameterBlock parameters;
    private final MemorySegment oneFloat = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT);

    private LanguageModel(ModelConfig config) {
        this.config = config;
        try {
            stream = resources.own(Stream.create());
            blas = resources.own(Blas.create(stream));
            dnn = resources.own(Dnn.create(stream));
            noDropout = resources.own(DropoutDescriptor.none(dnn));
            rnn = resources.own(describeRnn(Precision.FP32));
            kernels = resources.own(new Kernels());
            parameters = new ParameterBlock(ParameterLayout.of(config, rnn), stream, resources);
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    /**
     * Makes a model with first values from PyTorch's default distributions: N(0, 1) for the embedding, U(-1/√n, 1/√n) for the linear
     * layer of n inputs, which is also what a tied embedding begins with, and U(-1/√hidden, 1/√hidden) for all else. A value depends
     * on the seed, its tensor's name and its index alone; the numbers are not those of PyTorch for the same seed.
     *
     * @throws dev.gatun.device.DeviceException if this process has no usable device
     * @throws dev.gatun.device.NativeCallException if a call fails, for example because the device's memory does not suffice
     */
    public static LanguageModel create(ModelConfig config, long seed) {
        return create(config, seed, 0);
    }

    /**
     * Makes a model whose first values are all from U(-initScale, initScale), as Zaremba, Sutskever and Vinyals (2014) draw them,
     * or as {@link #create(ModelConfig, long)} draws them where {@code initScale} is 0.
     *
     * @throws IllegalArgumentException if {@code initScale} is negative or not finite
     */
    public static LanguageModel create(ModelConfig config, long seed, float initScale) {
        Check.that(initScale >= 0 && initScale < Float.POSITIVE_INFINITY, "initScale must be a finite number of at least 0", initScale);
        LanguageModel model = new LanguageModel(config);
        try {
            model.initialize(new Initializer(seed), initScale);
            return model;
        } catch (Throwable t) {
            model.close();
            throw t;
        }
    }

    private void initialize(Initializer initializer, float initScale) {
        double bound = initScale > 0 ? initScale : 1 / Math.sqrt(config.hidden());
        double linearBound = initScale > 0 ? initScale : 1 / Math.sqrt(config.outputSize());
        // Any thread may write it: a piece is filled by all cores.
        try (Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(INITIAL_PIECE, Float.BYTES);
            for (TensorInfo tensor : parameters.tensors()) {
                String name = tensor.name();
                boolean embedding = name.equals(EMBED_WEIGHT);
                if (embedding && !config.tied() && initScale == 0) {
                    parameters.fill(tensor, buffer, (first, values) -> initializer.normal(name, first, values));
                } else {
                    double range = embedding || name.startsWith("linear.") ? linearBound : bound;
                    parameters.fill(tensor, buffer, (first, values) -> initializer.uniform(name, range, first, values));
                }
            }
        }
    }

    /**
     * Makes a model from a safetensors file of its parameters, whose names and shapes give its kind and sizes: {@code gru.*} or
     * {@code lstm.*} the cell, {@code weight_hr_l0} a projection. It is tied if the file has no {@code linear.weight}, or one with
     * the values of {@code embed.weight}, as the state dict of a tied PyTorch module has.
     *
     * @throws SafetensorsException if the file breaks the format, or its tensors are not those of such a model; says which
     * @throws IOException if the file cannot be read
     */
    public static LanguageModel load(Path file) throws IOException {
        try (Safetensors tensors = Safetensors.open(file)) {
            LanguageModel model = new LanguageModel(configOf(file, tensors));
            try {
                model.loadWeights(file, tensors);
                return model;
            } catch (Throwable t) {
                model.close();
                throw t;
            }
        }
    }

    private static ModelConfig configOf(Path file, Safetensors tensors) throws IOException {
        Map<String, TensorInfo> all = tensors.tensors();
        Cell cell = all.containsKey(Cell.GRU.module() + ".weight_hh_l0") ? Cell.GRU : Cell.LSTM;
        List<Long> embed = matrix(file, all, EMBED_WEIGHT);
        List<Long> state = matrix(file, all, cell.module() + ".weight_hh_l0");
        boolean projects = all.containsKey(cell.module() + ".weight_hr_l0");
        int layers = 1;
        while (all.containsKey(cell.module() + ".weight_hh_l" + layers)) {
            layers++;
        }
        boolean linear = all.containsKey(LINEAR_WEIGHT);
        try {
            return new ModelConfig(Math.toIntExact(embed.get(0)), Math.toIntExact(embed.get(1)),
                    Math.toIntExact(state.get(0) / cell.gates()), layers, cell, projects ? Math.toIntExact(state.get(1)) : 0,
                    !linear || linearIsEmbedding(tensors));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new SafetensorsException(file + ": " + (linear ? "" : "no " + LINEAR_WEIGHT + ", so the embeddings are tied; ")
                    + e.getMessage() + "; the file holds " + all.values());
        }
    }

    /** Returns whether the tensors of a file that has both are of one shape and equal bit by bit. */
    private static boolean linearIsEmbedding(Safetensors tensors) throws IOException {
        TensorInfo linear = tensors.tensors().get(LINEAR_WEIGHT);
        TensorInfo embed = tensors.tensors().get(EMBED_WEIGHT);
        return linear.shape().equals(embed.shape()) && tensors.values(linear).mismatch(tensors.values(embed)) < 0;
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
     *     or one that the model does not have; says which. The parameters are then as they were. A tied model takes a
     *     {@code linear.weight} that equals {@code embed.weight}
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
        if (config.tied() && unknown.remove(LINEAR_WEIGHT) && !linearIsEmbedding(tensors)) {
            throw new SafetensorsException(file + ": " + LINEAR_WEIGHT + " differs from " + EMBED_WEIGHT
                    + ", which are one matrix in a tied model");
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
     * <p>A tied model's one matrix is written once, as {@code embed.weight}, with a note that {@code linear.weight} is the same. That
     * is what the safetensors package writes for a tied PyTorch module; its {@code load_model} reads the file into such a module.
     *
     * @throws IOException if the file cannot be written
     */
    public void save(Path file) throws IOException {
        Map<String, String> metadata = config.tied() ? Map.of("format", "pt", LINEAR_WEIGHT, EMBED_WEIGHT) : Map.of("format", "pt");
        Safetensors.write(file, metadata, parameters.tensors(), parameters::copyTo);
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

    /** Describes the model's layers as a precision computes them, without dropout; the caller closes it before the model. */
    RnnDescriptor describeRnn(Precision precision) {
        return describeRnn(precision, noDropout);
    }

    /** Describes the model's layers as a precision computes them, with a dropout of their own; the caller closes it. */
    RnnDescriptor describeRnn(Precision precision, DropoutDescriptor dropout) {
        return switch (config.cell()) {
            case LSTM -> RnnDescriptor.projectedLstm(dnn, config.embed(), config.hidden(), config.outputSize(), config.layers(), dropout,
                    precision.data(), precision.math());
            case GRU -> RnnDescriptor.gru(dnn, config.embed(), config.hidden(), config.layers(), dropout, precision.data(),
                    precision.math());
        };
    }

    Kernels kernels() {
        return kernels;
    }

    /** Reads one float once all enqueued work is done. */
    float read(DeviceBuffer value) {
        value.copyToAsync(oneFloat, stream);
        stream.synchronize();
        return oneFloat.get(ValueLayout.JAVA_FLOAT, 0);
    }

    /** Frees everything on the device; further calls do nothing. */
    @Override
    public void close() {
        resources.close();
    }
}
