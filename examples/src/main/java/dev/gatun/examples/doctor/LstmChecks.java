package dev.gatun.examples.doctor;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cudnn.Dnn;
import dev.gatun.cudnn.DropoutDescriptor;
import dev.gatun.cudnn.Rnn;
import dev.gatun.cudnn.RnnDescriptor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Checks of cuDNN's LSTM: forward, backward data and backward weights, of one and two layers, with equal and ragged lengths. */
final class LstmChecks {
    private static final int INPUT = 13;
    private static final int HIDDEN = 21;
    private static final int STEPS = 7;
    private static final int[][] LENGTHS = {{7, 7, 7, 7, 7}, {4, 7, 1, 6, 7}};
    private static final int BATCH = LENGTHS[0].length;
    private static final int GATES = 4;

    private LstmChecks() {}

    static List<Check> all() {
        List<Check> checks = new ArrayList<>();
        for (int layers = 1; layers <= 2; layers++) {
            String suffix = layers == 1 ? ", 1 layer" : ", 2 layers";
            checks.add(check("cuDNN LSTM forward" + suffix, "y, hy, cy; equal and ragged lengths", layers, LstmChecks::compareForward));
            checks.add(check("cuDNN LSTM backward data" + suffix, "dx, dhx, dcx; equal and ragged lengths", layers,
                    LstmChecks::compareData));
            checks.add(check("cuDNN LSTM backward weights" + suffix, "all matrices and biases; equal and ragged", layers,
                    LstmChecks::compareWeights));
        }
        return checks;
    }

    private interface Comparison {
        void compare(Results results, ReferenceLstm reference, Check.Comparer comparer);
    }

    /** What the device computed. */
    private record Results(double[] y, double[] hy, double[] cy, double[] dx, double[] dhx, double[] dcx,
            List<ReferenceLstm.Layer> gradients) {}

    private static Check check(String name, String compared, int layers, Comparison comparison) {
        return new Check(name, compared, Check.FLOAT32, comparer -> {
            for (int[] lengths : LENGTHS) {
                run(layers, lengths, comparison, comparer);
            }
        });
    }

    private static void compareForward(Results results, ReferenceLstm reference, Check.Comparer comparer) {
        comparer.compare("y", reference.y, results.y);
        comparer.compare("hy", reference.hy, results.hy);
        comparer.compare("cy", reference.cy, results.cy);
    }

    private static void compareData(Results results, ReferenceLstm reference, Check.Comparer comparer) {
        comparer.compare("dx", reference.dx, results.dx);
        comparer.compare("dhx", reference.dhx, results.dhx);
        comparer.compare("dcx", reference.dcx, results.dcx);
    }

    private static void compareWeights(Results results, ReferenceLstm reference, Check.Comparer comparer) {
        for (int layer = 0; layer < reference.gradients.size(); layer++) {
            ReferenceLstm.Layer expected = reference.gradients.get(layer);
            ReferenceLstm.Layer found = results.gradients.get(layer);
            comparer.compare("input matrix of layer " + layer, expected.w(), found.w());
            comparer.compare("recurrent matrix of layer " + layer, expected.r(), found.r());
            comparer.compare("input bias of layer " + layer, expected.bw(), found.bw());
            comparer.compare("recurrent bias of layer " + layer, expected.br(), found.br());
        }
    }

    private static void run(int layers, int[] lengths, Comparison comparison, Check.Comparer comparer) {
        try (Scratch scratch = new Scratch()) {
            Dnn dnn = scratch.own(Dnn.create(scratch.stream));
            DropoutDescriptor dropout = scratch.own(DropoutDescriptor.none(dnn));
            RnnDescriptor descriptor = scratch.own(RnnDescriptor.lstm(dnn, INPUT, HIDDEN, layers, dropout));
            Rnn rnn = scratch.own(Rnn.create(dnn, descriptor, STEPS, lengths, true));
            DeviceBuffer weights = scratch.own(DeviceBuffer.allocate(descriptor.weightSpaceBytes()));
            DeviceBuffer gradients = scratch.own(DeviceBuffer.allocate(descriptor.weightSpaceBytes()));
            weights.zeroAsync(scratch.stream);
            gradients.zeroAsync(scratch.stream);
            List<ReferenceLstm.Layer> drawn = draw(scratch, layers);
            copyWeights(scratch, descriptor, weights, drawn);

            int state = layers * BATCH * HIDDEN;
            double[] x = scratch.uniform(STEPS * BATCH * INPUT, 1);
            double[] hx = scratch.uniform(state, 1);
            double[] cx = scratch.uniform(state, 1);
            double[] dy = insideLengths(scratch.uniform(STEPS * BATCH * HIDDEN, 1), lengths);
            double[] dhy = scratch.uniform(state, 1);
            double[] dcy = scratch.uniform(state, 1);
            ReferenceLstm reference = new ReferenceLstm(HIDDEN, drawn, STEPS, lengths);
            reference.forward(x, hx, cx);
            reference.backward(dy, dhy, dcy);

            DeviceBuffer xBuffer = scratch.upload(x);
            DeviceBuffer hxBuffer = scratch.upload(hx);
            DeviceBuffer cxBuffer = scratch.upload(cx);
            DeviceBuffer y = scratch.floats(dy.length);
            DeviceBuffer hy = scratch.floats(state);
            DeviceBuffer cy = scratch.floats(state);
            DeviceBuffer dx = scratch.floats(x.length);
            DeviceBuffer dhx = scratch.floats(state);
            DeviceBuffer dcx = scratch.floats(state);
            rnn.forward(xBuffer, y, hxBuffer, cxBuffer, hy, cy, weights);
            rnn.backwardData(y, scratch.upload(dy), dx, hxBuffer, cxBuffer, scratch.upload(dhy), scratch.upload(dcy), dhx, dcx, weights);
            rnn.backwardWeights(xBuffer, hxBuffer, y, gradients);
            List<ReferenceLstm.Layer> found = draw(scratch, layers);
            readWeights(scratch, descriptor, gradients, found);
            // Nothing promises what dx holds behind a sequence's end; y is promised to be 0 there.
            comparison.compare(new Results(scratch.read(y), scratch.read(hy), scratch.read(cy), insideLengths(scratch.read(dx), lengths),
                    scratch.read(dhx), scratch.read(dcx), found), reference, comparer);
        }
    }

    private static List<ReferenceLstm.Layer> draw(Scratch scratch, int layers) {
        List<ReferenceLstm.Layer> drawn = new ArrayList<>();
        double limit = 1 / Math.sqrt(HIDDEN);
        int rows = GATES * HIDDEN;
        for (int layer = 0; layer < layers; layer++) {
            drawn.add(new ReferenceLstm.Layer(scratch.uniform(rows * (layer == 0 ? INPUT : HIDDEN), limit),
                    scratch.uniform(rows * HIDDEN, limit), scratch.uniform(rows, limit), scratch.uniform(rows, limit)));
        }
        return drawn;
    }

    /** Returns [T][N][width] with zeros behind the end of each sequence. */
    private static double[] insideLengths(double[] values, int[] lengths) {
        int width = values.length / (STEPS * BATCH);
        for (int token = 0; token < STEPS * BATCH; token++) {
            if (token / BATCH >= lengths[token % BATCH]) {
                Arrays.fill(values, token * width, (token + 1) * width, 0);
            }
        }
        return values;
    }

    private interface GateVisitor {
        /** Takes a gate's values in the weight space, and where they stand in the layer's array. */
        void visit(DeviceBuffer gate, double[] array, int from);
    }

    private static void copyWeights(Scratch scratch, RnnDescriptor rnn, DeviceBuffer space, List<ReferenceLstm.Layer> layers) {
        visitGates(rnn, space, layers, (gate, array, from) ->
                scratch.write(gate, Arrays.copyOfRange(array, from, from + (int) (gate.byteSize() / Float.BYTES))));
    }

    private static void readWeights(Scratch scratch, RnnDescriptor rnn, DeviceBuffer space, List<ReferenceLstm.Layer> layers) {
        visitGates(rnn, space, layers, (gate, array, from) -> {
            double[] values = scratch.read(gate);
            System.arraycopy(values, 0, array, from, values.length);
        });
    }

    private static void visitGates(RnnDescriptor rnn, DeviceBuffer space, List<ReferenceLstm.Layer> layers, GateVisitor visitor) {
        for (int k = 0; k < layers.size(); k++) {
            ReferenceLstm.Layer layer = layers.get(k);
            for (int id = 0; id < 2 * GATES; id++) { // 0 to 3 act on the input, 4 to 7 on the state
                RnnDescriptor.GateWeights at = rnn.weights(space, k, id);
                int gate = id % GATES;
                boolean onInput = id < GATES;
                int size = at.rows() * at.columns();
                visitor.visit(space.slice(at.matrixOffset(), (long) Float.BYTES * size), onInput ? layer.w() : layer.r(), gate * size);
                visitor.visit(space.slice(at.biasOffset(), (long) Float.BYTES * HIDDEN), onInput ? layer.bw() : layer.br(), gate * HIDDEN);
            }
        }
    }
}
