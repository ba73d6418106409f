package dev.gatun.lm;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DataType;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Graph;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.Stream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Trains a model by truncated back-propagation through time: segment after segment of a text, the layers' state carried from one
 * to the next, gradients within a segment only.
 *
 * <p>A step is a fixed sequence of calls on fixed device memory. What changes from step to step (the word ids, the state, the
 * optimiser's step count and learning rate, the counter that dropout masks depend on) lies on the device too, so that the sequence
 * can be replayed as one CUDA graph. The first step is made of single calls, because cuBLAS and cuDNN set themselves up on first use;
 * the second one records the graph. A step enqueues its work and returns; nothing is read back but by {@link #loss} and
 * {@link #gradientNorm}. The same seed, data and options give the same bits on the same device, with a graph or without.
 *
 * <p>Parameters are float32 in every {@link Precision}; BF16 and FP16 round copies of them for the products of each step. FP16
 * scales the loss, and skips a step in which a gradient overflows.
 *
 * <p>A loss that is not finite stops nothing here: it shows in {@link #loss}, and what to do is the caller's choice.
 */
public final class Trainer implements AutoCloseable {
    private final Resources resources = new Resources();
    private final LanguageModel model;
    private final TrainingOptions options;
    private final Stream stream;
    private final Blas blas;

    // T = seq steps, N = batch rows, M = T·N tokens; V words, E values an embedding, H hidden size, P output size (H without a
    // projection), L layers.
    private final int tokens; // M
    private final int vocabulary; // V
    private final int output; // P
    private final IdUpload ids; // int32 inputs [T][N], targets [T][N]
    private final MixedPrecision mixed;
    private final ForwardPass forward;
    private final DeviceBuffer logits; // float [M][V], and their gradient
    private final LowPrecisionCopy logitsGradient; // [M][V], what products read of it
    private final DeviceBuffer outputGradient; // float [M][P]
    private final LowPrecisionCopy dy; // [T][N][P], what the layers read of it
    private final LowPrecisionCopy dx; // [T][N][E], of which the float32 tensor is the gradient of the embedded words
    private final DeviceBuffer loss; // [1]
    private final ParameterBlock parameters;
    private final ParameterBlock gradients;
    private final DeviceBuffer rnnWeights;
    private final DeviceBuffer linearWeight; // [V][P]
    private final LowPrecisionCopy rnnGradient;
    private final DeviceBuffer embedGradient; // [V][E]
    private final DeviceBuffer linearWeightGradient; // [V][P]
    private final boolean tied;
    private final Dropout dropout;
    private final ParameterUpdate update;
    private final Runnable dropOutputGradient;
    private final Runnable dropEmbeddingGradient;
    private final KernelCall crossEntropyGradient;
    private final KernelCall meanLoss;
    private final KernelCall biasGradient;
    private final KernelCall embeddingGradient;
    private AveragedWeights averaged; // the last ones made; null before
    private boolean warm;
    private Graph graph;

    /**
     * Prepares training; the optimiser starts anew and the state is that of {@link #resetState}.
     *
     * @param model what is trained; must be closed after this trainer
     * @param options how
     * @throws dev.gatun.device.DeviceException if the device lacks the precision
     * @throws dev.gatun.device.NativeCallException if a call fails, for example because the device's memory does not suffice
     */
    public Trainer(LanguageModel model, TrainingOptions options) {
        this.model = model;
        this.options = options;
        stream = model.stream();
        blas = model.blas();
        ModelConfig config = model.config();
        tokens = options.seq() * options.batch();
        vocabulary = config.vocabulary();
        output = config.outputSize();
        tied = config.tied();
        parameters = model.parameters();
        try {
            ids = resources.own(new IdUpload(options.seq(), options.batch(), stream));
            mixed = resources.own(new MixedPrecision(model, options.precision()));
            dropout = resources.own(new Dropout(model, mixed, options.dropout(), options.seed()));
            forward = resources.own(new ForwardPass(model, mixed, dropout, ids.inputs(), options.seq(), options.batch(), true));
            logits = forward.logits;
            logitsGradient = mixed.copyOf(logits, (long) tokens * vocabulary, mixed.scaleOfLoss(), null);
            outputGradient = floats((long) tokens * output);
            dy = mixed.copyOf(outputGradient, (long) tokens * output, null, null);
            long inputs = (long) tokens * config.embed();
            DeviceBuffer wordGradient = floats(inputs);
            dx = mixed.copyOf(wordGradient, inputs, null, mixed.inverseLossScale());
            loss = floats(1);
            DeviceBuffer losses = floats(tokens);
            gradients = parameters.zeros(resources);
            update = resources.own(new ParameterUpdate(model, gradients, options, mixed.lossScale()));
            rnnWeights = mixed.weights().rnn();
            linearWeight = mixed.weights().linearWeight();
            rnnGradient = mixed.copyOfRnn(gradients);
            embedGradient = gradients.embedWeight();
            linearWeightGradient = gradients.linearWeight();

            Kernels kernels = model.kernels();
            crossEntropyGradient = kernels.crossEntropyGradient(logits, losses, parameters.linearBias(), ids.targets(), tokens,
                    vocabulary, 1f / tokens);
            meanLoss = kernels.mean(loss, losses, tokens);
            biasGradient = kernels.biasGradient(gradients.linearBias(), logits, tokens, vocabulary);
            embeddingGradient = kernels.embeddingGradient(tied, embedGradient, wordGradient, ids.inputs(), tokens, config.embed(),
                    vocabulary);
            dropOutputGradient = dropout.at(Dropout.Site.OUTPUT, outputGradient, outputGradient);
            dropEmbeddingGradient = dropout.at(Dropout.Site.EMBEDDING, wordGradient, wordGradient);
            resources.own(this::closeGraph);
            // The first to be closed: nothing is freed under work that is still enqueued.
            resources.own(stream::synchronize);
        } catch (Throwable t) {
            resources.close();
            throw t;
        }
    }

    private DeviceBuffer floats(long count) {
        return resources.own(DeviceBuffer.allocateFloats(count));
    }

    /**
     * Enqueues one step on the next segment of the text: loss, gradients, clipping, the parameters' update, and the state carried on.
     * Allocates nothing. On return the arguments may change.
     *
     * @param inputs word ids, int32 [seq][batch]
     * @param targets the words that follow them, int32 [seq][batch]
     * @throws IllegalArgumentException if a segment has another size, or an id is not in the vocabulary
     * @throws IllegalStateException if the model holds the {@link #averaged} parameters
     */
    public void step(MemorySegment inputs, MemorySegment targets) {
        requireNoAverage();
        ids.send(inputs, targets, vocabulary);
        if (!options.graph() || !warm) {
            enqueueStep();
            warm = true;
            return;
        }
        if (graph == null) {
            graph = stream.capture(this::enqueueStep);
        }
        graph.launch(stream);
    }

    private void enqueueStep() {
        mixed.castWeights(); //                     weights that products read = parameters
        forward.embed(); //                         x [T][N][E] = embed.weight [V][E] at inputs [T][N], with dropout
        forward.recur(); //                         y [T][N][P], hy [L][N][P] and cy [L][N][H] = the layers' of x, hx and cx
        forward.dropOutput(); //                    top [M][P] = y [M][P] with dropout; without, they are the same memory
        forward.project(); //                       logits [M][V] = top [M][P] · linear.weight [V][P]ᵀ
        crossEntropyGradient.launch(stream); //     losses [M]; logits [M][V] = gradient of their mean
        meanLoss.launch(stream); //                 loss [1] = mean of losses [M]

        biasGradient.launch(stream); //             d linear.bias [V] = column sums of logits [M][V]
        logitsGradient.cast(stream); //             what products read of logits [M][V], times the loss scale
        projectionWeightGradient(); //              d linear.weight [V][P] = logits [M][V]ᵀ · top [M][P]
        projectionInputGradient(); //               dy [M][P] = logits [M][V] · linear.weight [V][P], with the same values dropped
        recurrentDataGradient(); //                 dx [T][N][E] from dy [T][N][P]; hy and cy end the gradient's way
        recurrentWeightGradient(); //               d weight space from x [T][N][E], hx [L][N][P], y [T][N][P]
        dx.widen(stream); //                        dx in float32, without the loss scale
        dropEmbeddingGradient.run(); //             dx [T][N][E] with the same values dropped
        embeddingGradient(); //                     d embed.weight [V][E] = dx [T][N][E] summed by inputs [T][N]

        update.enqueue(); //                        gradients clipped, moments and parameters updated
        dropout.advance(); //                       other masks in the next step
        forward.carryState(); //                    hx, cx = hy, cy: last, for the backward pass reads hx and cx
    }

    private void projectionWeightGradient() {
        Precision precision = mixed.precision();
        DeviceBuffer dLogits = logitsGradient.buffer();
        if (mixed.lossScale() == null) {
            blas.gemmEx(precision.data(), DataType.FLOAT, precision.compute(), false, true, output, vocabulary, tokens, 1, forward.top,
                    output, dLogits, vocabulary, 0, linearWeightGradient, output);
        } else {
            blas.gemmEx(precision.data(), DataType.FLOAT, precision.compute(), false, true, output, vocabulary, tokens,
                    mixed.lossScale().inverse(), forward.top, output, dLogits, vocabulary, mixed.lossScale().zero(), linearWeightGradient,
                    output);
        }
    }

    /** In float32, so that dropout has its way before the only rounding. */
    private void projectionInputGradient() {
        Precision precision = mixed.precision();
        blas.gemmEx(precision.data(), DataType.FLOAT, precision.compute(), false, false, output, tokens, vocabulary, 1, linearWeight,
                output, logitsGradient.buffer(), vocabulary, 0, outputGradient, output);
        dropOutputGradient.run();
        dy.cast(stream);
    }

    private void recurrentDataGradient() {
        forward.rnn.backwardData(forward.y, dy.buffer(), dx.buffer(), forward.hx, forward.cx, null, null, null, null, rnnWeights);
    }

    private void recurrentWeightGradient() {
        rnnGradient.buffer().zeroAsync(stream);
        forward.rnn.backwardWeights(forward.x, forward.hx, forward.y, rnnGradient.buffer());
        rnnGradient.widen(stream);
    }

    /** Of a tied model the kernel adds to what the projection's gradient, of the same matrix, has overwritten. */
    private void embeddingGradient() {
        if (!tied) {
            embedGradient.zeroAsync(stream);
        }
        embeddingGradient.launch(stream);
    }

    /** Sets the layers' state to zero: the next segment begins a text. The tutorial does so at the start of each epoch. */
    public void resetState() {
        forward.resetState();
    }

    /**
     * Changes the learning rate of the steps to come. It waits for none of those that are enqueued, and may be called before each.
     *
     * @throws IllegalArgumentException if it is not a positive finite number
     */
    public void setLearningRate(float learningRate) {
        Check.learningRate(learningRate);
        update.setLearningRate(learningRate);
    }

    /**
     * Starts the average of the parameters anew with the next step. {@link AveragingTrigger} says when that is due.
     *
     * @throws IllegalStateException if the optimiser is not {@link Optimizer.AveragedSgd}
     */
    public void startAveraging() {
        update.startAveraging();
    }

    /**
     * Puts the average of the parameters into the model until the result is closed, to evaluate or save it; no step may be made
     * before. Until averaging starts the average is the parameters themselves, and an optimiser that keeps none leaves the model
     * as it is.
     *
     * @throws IllegalStateException before the first step, or if the model holds the average already
     */
    public AveragedWeights averaged() {
        requireStep();
        requireNoAverage();
        averaged = new AveragedWeights(model, update.moments().get(ParameterUpdate.AVERAGE));
        return averaged;
    }

    /** Returns what a checkpoint must hold beside the parameters. */
    TrainerState state() {
        Map<String, DeviceBuffer> buffers = new LinkedHashMap<>(dropout.state());
        buffers.put("optimizer", update.state());
        if (mixed.lossScale() != null) {
            buffers.put("loss_scale", mixed.lossScale().buffer());
        }
        buffers.put("rnn.hx", forward.hx);
        if (forward.cx != null) {
            buffers.put("rnn.cx", forward.cx);
        }
        return new TrainerState(update.moments(), buffers);
    }

    /**
     * Returns the last step's loss, the mean cross-entropy over its tokens in nats; waits for the step. It is not a finite number
     * where training has diverged.
     *
     * @throws IllegalStateException before the first step
     */
    public float loss() {
        requireStep();
        return model.read(loss);
    }

    /**
     * Returns the L2 norm of the last step's whole gradient before clipping; waits for the step. In FP16 a norm that is not finite
     * belongs to a step that was {@link #skipped}.
     *
     * @throws IllegalStateException before the first step
     */
    public float gradientNorm() {
        requireStep();
        return model.read(update.gradientNorm());
    }

    /**
     * Returns whether the last step changed no parameter, which in FP16 is so where a gradient overflowed; waits for the step.
     *
     * @throws IllegalStateException before the first step
     */
    public boolean skipped() {
        return mixed.lossScale() != null && !Float.isFinite(gradientNorm());
    }

    /**
     * Returns what FP16 multiplies the loss by in the step to come: 65536 at first, halved by each step that is skipped because a
     * gradient overflowed, doubled after 2000 steps in a row without; waits for enqueued steps. 1 in the other precisions.
     */
    public float lossScale() {
        return mixed.lossScale() == null ? 1 : model.read(mixed.lossScale().scale());
    }

    /**
     * Returns whether FP16 is of no use any more: the last step was {@link #skipped} although the loss was multiplied by 2⁻¹⁴ or less.
     * Steps would then be skipped for ever; waits for the step.
     *
     * @throws IllegalStateException before the first step
     */
    public boolean overflowsAtEveryLossScale() {
        return skipped() && lossScale() < LossScale.LEAST; // the step has halved it already
    }

    /** Returns the last step's gradients before clipping, by the names of the parameters; valid until this trainer is closed. */
    public ParameterBlock gradients() {
        return gradients;
    }

    /**
     * Writes a checkpoint: the model's parameters, the state of the optimiser, the layers and FP16's loss scale, in one safetensors
     * file with a checksum.
     * Waits for enqueued steps. Training that a trainer of the same options goes on with from there, after {@link #restore}, has
     * the same bits as training that was never interrupted. An existing file is replaced as a whole at the end; on return the
     * file is on the disk.
     *
     * @param file what to write; its folder must exist
     * @param metadata what the caller wants to find again, by key; of other keys than {@code gatun.checkpoint}
     * @throws IOException if the file cannot be written
     */
    public void save(Path file, Map<String, String> metadata) throws IOException {
        checkpoint().save(file, metadata);
    }

    /**
     * Goes on from a checkpoint: replaces the model's parameters and everything that {@link #save} wrote. What is not in it, the
     * options and the place in the text, is the caller's to keep.
     *
     * @return the metadata that were saved
     * @throws SafetensorsException if the file is no checkpoint, is damaged, or is that of another model, batch or optimiser; says
     *     which. Nothing has then been changed
     * @throws IOException if the file cannot be read
     */
    public Map<String, String> restore(Path file) throws IOException {
        return checkpoint().restore(file);
    }

    private Checkpoint checkpoint() {
        return new Checkpoint(parameters, state(), stream);
    }

    private void closeGraph() {
        if (graph != null) {
            graph.close();
        }
    }

    private void requireNoAverage() {
        if (averaged != null && averaged.inModel()) {
            throw new IllegalStateException("the model holds the average of its parameters: close what averaged() returned first");
        }
    }

    private void requireStep() {
        if (!warm) {
            throw new IllegalStateException("there is no loss or gradient before the first step");
        }
    }

    /** Waits for enqueued steps and frees the trainer's device memory, not the model; further calls do nothing. */
    @Override
    public void close() {
        resources.close();
    }
}
