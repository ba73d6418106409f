package dev.gatun.lm;

import dev.gatun.cublas.Blas;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Graph;
import dev.gatun.cuda.KernelCall;
import dev.gatun.cuda.Stream;
import java.lang.foreign.MemorySegment;

/**
 * Trains a model by truncated back-propagation through time: segment after segment of a text, the LSTM's state carried from one
 * to the next, gradients within a segment only.
 *
 * <p>A step is a fixed sequence of calls on fixed device memory. What changes from step to step (the word ids, the state, Adam's
 * step count and learning rate) lies on the device too, so that the sequence can be replayed as one CUDA graph. The first step is
 * made of single calls, because cuBLAS and cuDNN set themselves up on first use; the second one records the graph. A step
 * enqueues its work and returns; nothing is read back but by {@link #loss} and {@link #gradientNorm}. The same seed, data and
 * options give the same bits on the same device, with a graph or without.
 *
 * <p>A loss that is not finite stops nothing here: it shows in {@link #loss}, and what to do is the caller's choice.
 */
public final class Trainer implements AutoCloseable {
    private final Resources resources = new Resources();
    private final LanguageModel model;
    private final TrainingOptions options;
    private final Stream stream;
    private final Blas blas;

    // T = seq steps, N = batch rows, M = T·N tokens; V words, E values an embedding, H hidden size, L layers.
    private final int tokens; // M
    private final int vocabulary; // V
    private final int hidden; // H
    private final IdUpload ids; // int32 inputs [T][N], targets [T][N]
    private final ForwardPass forward;
    private final DeviceBuffer logits; // [M][V], and their gradient
    private final DeviceBuffer dy; // [T][N][H]
    private final DeviceBuffer dx; // [T][N][E]
    private final DeviceBuffer loss; // [1]
    private final ParameterBlock parameters;
    private final ParameterBlock gradients;
    private final DeviceBuffer lstm;
    private final DeviceBuffer linearWeight; // [V][H]
    private final DeviceBuffer lstmGradient;
    private final DeviceBuffer embedGradient; // [V][E]
    private final DeviceBuffer linearWeightGradient; // [V][H]
    private final Adam adam;
    private final KernelCall crossEntropyGradient;
    private final KernelCall meanLoss;
    private final KernelCall biasGradient;
    private final KernelCall embeddingGradient;
    private final KernelCall sumOfSquares;
    private final KernelCall adamPrepare;
    private final KernelCall adamUpdate;
    private boolean warm;
    private Graph graph;

    /**
     * Prepares training; Adam starts anew and the state is that of {@link #resetState}.
     *
     * @param model what is trained; must be closed after this trainer
     * @param options how
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
        hidden = config.hidden();
        parameters = model.parameters();
        try {
            ids = resources.own(new IdUpload(options.seq(), options.batch(), stream));
            forward = resources.own(new ForwardPass(model, ids.inputs(), options.seq(), options.batch(), true));
            logits = forward.logits;
            dy = floats((long) tokens * hidden);
            dx = floats((long) tokens * config.embed());
            loss = floats(1);
            DeviceBuffer losses = floats(tokens);
            gradients = parameters.zeros(resources);
            ParameterBlock firstMoments = parameters.zeros(resources);
            ParameterBlock secondMoments = parameters.zeros(resources);
            adam = resources.own(new Adam(options.learningRate(), stream));
            lstm = parameters.lstm();
            linearWeight = parameters.linearWeight();
            lstmGradient = gradients.lstm();
            embedGradient = gradients.embedWeight();
            linearWeightGradient = gradients.linearWeight();

            Kernels kernels = model.kernels();
            crossEntropyGradient = kernels.crossEntropyGradient(logits, losses, parameters.linearBias(), ids.targets(), tokens,
                    vocabulary, 1f / tokens);
            meanLoss = kernels.mean(loss, losses, tokens);
            biasGradient = kernels.biasGradient(gradients.linearBias(), logits, tokens, vocabulary);
            embeddingGradient = kernels.embeddingGradient(embedGradient, dx, ids.inputs(), tokens, config.embed(), vocabulary);
            int parts = Kernels.partials(gradients.floats());
            DeviceBuffer partials = floats(parts);
            sumOfSquares = kernels.sumOfSquares(partials, gradients.all(), gradients.floats());
            adamPrepare = kernels.adamPrepare(adam.buffer(), partials, parts, options.clip());
            adamUpdate = kernels.adamUpdate(parameters.all(), firstMoments.all(), secondMoments.all(), gradients.all(), adam.buffer(),
                    parameters.floats());
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
     * Enqueues one step on the next segment of the text: loss, gradients, clipping, Adam's update, and the state carried on.
     * Allocates nothing. On return the arguments may change.
     *
     * @param inputs word ids, int32 [seq][batch]
     * @param targets the words that follow them, int32 [seq][batch]
     * @throws IllegalArgumentException if a segment has another size, or an id is not in the vocabulary
     */
    public void step(MemorySegment inputs, MemorySegment targets) {
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
        forward.embed(); //                         x [T][N][E] = embed.weight [V][E] at inputs [T][N]
        forward.lstm(); //                          y [T][N][H], hy and cy [L][N][H] = LSTM of x, hx and cx [L][N][H]
        forward.project(); //                       logits [M][V] = y [M][H] · linear.weight [V][H]ᵀ
        crossEntropyGradient.launch(stream); //     losses [M]; logits [M][V] = gradient of their mean
        meanLoss.launch(stream); //                 loss [1] = mean of losses [M]

        projectionWeightGradient(); //              d linear.weight [V][H] = logits [M][V]ᵀ · y [M][H]
        biasGradient.launch(stream); //             d linear.bias [V] = column sums of logits [M][V]
        projectionInputGradient(); //               dy [M][H] = logits [M][V] · linear.weight [V][H]
        lstmDataGradient(); //                      dx [T][N][E] from dy [T][N][H]; hy and cy end the gradient's way
        lstmWeightGradient(); //                    d lstm from x [T][N][E], hx [L][N][H], y [T][N][H]
        embedGradient.zeroAsync(stream);
        embeddingGradient.launch(stream); //        d embed.weight [V][E] = dx [T][N][E] summed by inputs [T][N]

        sumOfSquares.launch(stream); //             of all gradients, in parts
        adamPrepare.launch(stream); //              their norm, the clipping scale, the bias corrections
        adamUpdate.launch(stream); //               moments and parameters
        forward.carryState(); //                    hx, cx = hy, cy: last, for the backward pass reads hx and cx
    }

    private void projectionWeightGradient() {
        blas.sgemm(false, true, hidden, vocabulary, tokens, 1, forward.y, hidden, logits, vocabulary, 0, linearWeightGradient, hidden);
    }

    private void projectionInputGradient() {
        blas.sgemm(false, false, hidden, tokens, vocabulary, 1, linearWeight, hidden, logits, vocabulary, 0, dy, hidden);
    }

    private void lstmDataGradient() {
        forward.rnn.backwardData(forward.y, dy, dx, forward.hx, forward.cx, null, null, null, null, lstm);
    }

    private void lstmWeightGradient() {
        lstmGradient.zeroAsync(stream);
        forward.rnn.backwardWeights(forward.x, forward.hx, forward.y, lstmGradient);
    }

    /** Sets the LSTM's state to zero: the next segment begins a text. The tutorial does so at the start of each epoch. */
    public void resetState() {
        forward.resetState();
    }

    /**
     * Changes the learning rate of the steps to come; waits for those that are enqueued.
     *
     * @throws IllegalArgumentException if it is not a positive finite number
     */
    public void setLearningRate(float learningRate) {
        Check.learningRate(learningRate);
        adam.setLearningRate(learningRate);
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
     * Returns the L2 norm of the last step's whole gradient before clipping; waits for the step.
     *
     * @throws IllegalStateException before the first step
     */
    public float gradientNorm() {
        requireStep();
        return model.read(adam.gradientNorm());
    }

    /** Returns the last step's gradients before clipping, by the names of the parameters; valid until this trainer is closed. */
    public ParameterBlock gradients() {
        return gradients;
    }

    private void closeGraph() {
        if (graph != null) {
            graph.close();
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
