package dev.gatun.benchmarks;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.PairList;
import java.io.IOException;

/** The language model in DJL, on its PyTorch engine. */
public final class DjlModel {
    private final Task task;

    private DjlModel(Task task) {
        this.task = task;
    }

    /** Embedding, LSTM and projection. Takes ids [T][N] and, but at the start of a text, the state; gives logits and state. */
    private static final class LanguageModel extends AbstractBlock {
        private final Parameter embed;
        private final LSTM lstm;
        private final Linear linear;
        private final int hidden;

        LanguageModel(Task task) {
            hidden = task.hidden;
            embed = addParameter(Parameter.builder().setName("embed").setType(Parameter.Type.WEIGHT)
                    .optShape(new Shape(task.vocabulary, task.embed)).build());
            lstm = addChildBlock("lstm", LSTM.builder().setStateSize(task.hidden).setNumLayers(task.layers).optBatchFirst(false)
                    .optReturnState(true).build());
            linear = addChildBlock("linear", Linear.builder().setUnits(task.vocabulary).build());
        }

        @Override
        protected NDList forwardInternal(ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
            NDArray ids = inputs.get(0);
            NDArray x = Embedding.embedding(ids, store.getValue(embed, ids.getDevice(), training), SparseFormat.DENSE).singletonOrThrow();
            NDList state = inputs.size() == 3 ? new NDList(x, inputs.get(1), inputs.get(2)) : new NDList(x);
            NDList out = lstm.forward(store, state, training, params);
            NDArray logits = linear.forward(store, new NDList(out.get(0).reshape(-1, hidden)), training).singletonOrThrow();
            return new NDList(logits, out.get(1), out.get(2));
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
            Shape ids = shapes[0];
            lstm.initialize(manager, type, new Shape(ids.get(0), ids.get(1), embed.getShape().get(1)));
            linear.initialize(manager, type, new Shape(ids.size(), hidden));
        }

        @Override
        public Shape[] getOutputShapes(Shape[] shapes) {
            return new Shape[] {new Shape(shapes[0].size(), linear.getOutputShapes(new Shape[] {new Shape(1, hidden)})[0].get(1))};
        }
    }

    private NDArray ids(NDManager manager, int step, int shift) {
        int[] ids = new int[task.seq * task.batch];
        for (int t = 0; t < task.seq; t++) {
            for (int row = 0; row < task.batch; row++) {
                ids[t * task.batch + row] = task.id(step, row, t + shift);
            }
        }
        return manager.create(ids, new Shape(task.seq, task.batch)).toType(DataType.INT64, false);
    }

    private void train(Model model) {
        DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(task.learningRate)).build());
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.initialize(new Shape(task.seq, task.batch));
            NDManager kept = trainer.getManager();
            NDList state = new NDList();
            for (int step = 0; step < task.steps; step++) {
                long start = System.nanoTime();
                NDList next;
                float loss;
                try (NDManager manager = kept.newSubManager()) {
                    NDList inputs = new NDList(ids(manager, step, 0));
                    inputs.addAll(state);
                    NDArray targets = ids(manager, step, 1).reshape(-1);
                    try (GradientCollector collector = trainer.newGradientCollector()) {
                        NDList out = trainer.forward(inputs);
                        out.attach(manager);
                        NDArray value = trainer.getLoss().evaluate(new NDList(targets), new NDList(out.get(0)));
                        value.attach(manager);
                        collector.backward(value);
                        loss = value.getFloat();
                        next = new NDList(out.get(1).stopGradient(), out.get(2).stopGradient());
                    }
                    clip(model, manager);
                    trainer.step();
                    next.attach(kept);
                }
                state.close();
                state = next;
                Task.step(start, loss);
            }
        }
    }

    /** DJL's own clipping is by value; this one is by the norm of the whole gradient. */
    private void clip(Model model, NDManager manager) {
        float squares = 0;
        for (Parameter parameter : model.getBlock().getParameters().values()) {
            NDArray gradient = parameter.getArray().getGradient();
            gradient.attach(manager);
            squares += gradient.square().sum().getFloat();
        }
        float scale = task.clip / ((float) Math.sqrt(squares) + 1e-6f);
        if (scale < 1) {
            for (Parameter parameter : model.getBlock().getParameters().values()) {
                NDArray gradient = parameter.getArray().getGradient();
                gradient.attach(manager);
                gradient.muli(scale);
            }
        }
    }

    private void sample(Model model) {
        LanguageModel block = (LanguageModel) model.getBlock();
        try (NDManager kept = NDManager.newBaseManager()) {
            block.initialize(kept, DataType.FLOAT32, new Shape(1, task.batch));
            ParameterStore store = new ParameterStore(kept, false);
            NDList inputs = new NDList(kept.ones(new Shape(1, task.batch), DataType.INT64));
            for (int text = 0; text < task.steps; text++) {
                long start = System.nanoTime();
                for (int word = 0; word < task.seq; word++) {
                    inputs = next(block, store, kept, inputs);
                }
                Task.text(start);
            }
        }
    }

    /** Draws a word of each row; takes and gives ids and state. */
    private NDList next(LanguageModel block, ParameterStore store, NDManager kept, NDList inputs) {
        try (NDManager manager = kept.newSubManager()) {
            NDList out = block.forward(store, inputs, false);
            out.attach(manager);
            // A draw from softmax(logits), which DJL has no function for: argmax of logits and Gumbel noise.
            NDArray noise = manager.randomUniform(1e-7f, 1, out.get(0).getShape()).log().neg().log();
            NDArray id = out.get(0).sub(noise).argMax(1).reshape(1, task.batch);
            id.toLongArray();
            inputs.close();
            NDList next = new NDList(id, out.get(1), out.get(2));
            next.attach(kept);
            return next;
        }
    }

    /** Runs one {@link Task}. */
    public static void main(String[] args) throws IOException {
        Task task = Task.of(args);
        Task.about("DJL " + Engine.getDjlVersion() + ", PyTorch " + Engine.getEngine("PyTorch").getVersion());
        try (Model model = Model.newInstance("language-model", Device.cpu(), "PyTorch")) {
            LanguageModel block = new LanguageModel(task);
            block.setInitializer(new NormalInitializer(0.05f), Parameter.Type.WEIGHT);
            model.setBlock(block);
            DjlModel program = new DjlModel(task);
            if (task.samples) {
                program.sample(model);
            } else {
                program.train(model);
            }
        }
    }
}
