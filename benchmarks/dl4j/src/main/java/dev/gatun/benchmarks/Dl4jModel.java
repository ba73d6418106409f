package dev.gatun.benchmarks;

import java.io.IOException;
import java.util.Random;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.impl.LossSparseMCXENT;

/** The language model in DL4J. It has no clipping by the norm of the whole gradient; the closest is by layer. */
public final class Dl4jModel {
    private Dl4jModel() {}

    private static MultiLayerNetwork network(Task task) {
        NeuralNetConfiguration.ListBuilder layers = new NeuralNetConfiguration.Builder().seed(1).updater(new Adam(task.learningRate))
                .gradientNormalization(GradientNormalization.ClipL2PerLayer).gradientNormalizationThreshold(task.clip)
                .list().layer(new EmbeddingSequenceLayer.Builder().nIn(task.vocabulary).nOut(task.embed).build());
        for (int layer = 0; layer < task.layers; layer++) {
            layers.layer(new LSTM.Builder().nIn(layer == 0 ? task.embed : task.hidden).nOut(task.hidden)
                    .activation(Activation.TANH).dataFormat(RNNFormat.NCW).build());
        }
        layers.layer(new RnnOutputLayer.Builder(new LossSparseMCXENT()).nIn(task.hidden).nOut(task.vocabulary)
                .activation(Activation.SOFTMAX).dataFormat(RNNFormat.NCW).build());
        MultiLayerNetwork network = new MultiLayerNetwork(layers.backpropType(BackpropType.TruncatedBPTT).tBPTTLength(task.seq).build());
        network.init();
        return network;
    }

    /** Ids [N][1][T] of all steps; the network cuts them into windows and carries the state from one to the next. */
    private static INDArray ids(Task task, int shift) {
        int length = task.steps * task.seq;
        INDArray ids = Nd4j.create(DataType.FLOAT, task.batch, 1, length);
        for (int row = 0; row < task.batch; row++) {
            for (int t = 0; t < length; t++) {
                ids.putScalar(new int[] {row, 0, t}, task.id(0, row, t + shift));
            }
        }
        return ids;
    }

    private static void train(Task task) {
        INDArray inputs = ids(task, 0);
        INDArray targets = ids(task, 1);
        MultiLayerNetwork network = network(task);
        network.setListeners(new BaseTrainingListener() {
            private long start = System.nanoTime();

            @Override
            public void iterationDone(Model model, int iteration, int epoch) {
                // The score is summed over the times of a window.
                Task.step(start, model.score() / task.seq);
                start = System.nanoTime();
            }
        });
        network.fit(inputs, targets);
    }

    private static void sample(Task task) {
        MultiLayerNetwork network = network(task);
        Random random = new Random(1);
        INDArray ids = Nd4j.ones(DataType.FLOAT, task.batch, 1, 1);
        for (int text = 0; text < task.steps; text++) {
            long start = System.nanoTime();
            for (int word = 0; word < task.seq; word++) {
                float[][] rows = network.rnnTimeStep(ids).get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(0))
                        .cumsum(1).toFloatMatrix();
                for (int row = 0; row < task.batch; row++) {
                    ids.putScalar(new int[] {row, 0, 0}, draw(rows[row], random.nextFloat()));
                }
            }
            Task.text(start);
        }
    }

    /** Returns the first id up to which the cumulated probabilities reach {@code drawn}. */
    private static int draw(float[] cumulated, float drawn) {
        int id = 0;
        while (id < cumulated.length - 1 && cumulated[id] < drawn) {
            id++;
        }
        return id;
    }

    /** Runs one {@link Task}. */
    public static void main(String[] args) throws IOException {
        Task task = Task.of(args);
        Task.about("DL4J, " + Nd4j.getBackend().getClass().getSimpleName());
        if (task.samples) {
            sample(task);
        } else {
            train(task);
        }
    }
}
