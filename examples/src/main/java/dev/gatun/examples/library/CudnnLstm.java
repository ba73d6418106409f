package dev.gatun.examples.library;

import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.Stream;
import dev.gatun.cudnn.Dnn;
import dev.gatun.cudnn.DropoutDescriptor;
import dev.gatun.cudnn.Rnn;
import dev.gatun.cudnn.RnnDescriptor;
import dev.gatun.cudnn.RnnDescriptor.GateWeights;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** An LSTM of one layer with cuDNN, forward and backward. */
public final class CudnnLstm {
    private static final int STEPS = 4;
    private static final int BATCH = 2;
    private static final int INPUT = 3;
    private static final int HIDDEN = 5;

    private static final int GATES = 4;
    private static final int FORGET = 1;

    private CudnnLstm() {}

    /** Prints shapes and some values and gradients; run it with {@code --enable-native-access=ALL-UNNAMED}. */
    public static void main(String[] arguments) {
        run(System.out);
    }

    static void run(PrintStream out) {
        try (Arena arena = Arena.ofConfined(); Stream stream = Stream.create(); Dnn dnn = Dnn.create(stream);
                DropoutDescriptor dropout = DropoutDescriptor.none(dnn);
                RnnDescriptor lstm = RnnDescriptor.lstm(dnn, INPUT, HIDDEN, 1, dropout);
                Rnn rnn = Rnn.create(dnn, lstm, STEPS, BATCH, true);
                DeviceBuffer weights = DeviceBuffer.allocate(lstm.weightSpaceBytes());
                DeviceBuffer weightGradient = DeviceBuffer.allocate(lstm.weightSpaceBytes());
                DeviceBuffer x = DeviceBuffer.allocateFloats(STEPS * BATCH * INPUT);
                DeviceBuffer dx = DeviceBuffer.allocateFloats(STEPS * BATCH * INPUT);
                DeviceBuffer y = DeviceBuffer.allocateFloats(STEPS * BATCH * HIDDEN);
                DeviceBuffer dy = DeviceBuffer.allocateFloats(STEPS * BATCH * HIDDEN)) {
            setWeights(lstm, weights);
            fill(x, 0.5f);
            fill(dy, 1); // The loss is the sum of all outputs, so its gradient with respect to each is 1.

            // A state that is null starts at zero and is not stored at the end.
            rnn.forward(x, y, null, null, null, null, weights);
            rnn.backwardData(y, dy, dx, null, null, null, null, null, null, weights);
            weightGradient.zeroAsync(stream); // cuDNN adds to what is there.
            rnn.backwardWeights(x, null, y, weightGradient);
            stream.synchronize();

            out.printf("x [%d][%d][%d], y [%d][%d][%d]%n", STEPS, BATCH, INPUT, STEPS, BATCH, HIDDEN);
            for (int step = 0; step < STEPS; step++) {
                out.printf("step %d: y %.5f, dx %.5f%n", step, read(arena, y, step * BATCH * HIDDEN),
                        read(arena, dx, step * BATCH * INPUT));
            }
            long forgetBias = lstm.weights(weightGradient, 0, FORGET).biasOffset() / Float.BYTES;
            out.printf("d forget bias %.5f%n", read(arena, weightGradient, forgetBias));
        }
    }

    /** Sets all weights to 0.1 and the biases to 0, but the forget gate's to 1: an LSTM that begins by remembering. */
    private static void setWeights(RnnDescriptor lstm, DeviceBuffer weights) {
        // Where cuDNN keeps a matrix or a bias is its own choice, so ask. Ids 0 to 3 act on the input, 4 to 7 on the state.
        for (int id = 0; id < 2 * GATES; id++) {
            GateWeights gate = lstm.weights(weights, 0, id);
            fill(weights.slice(gate.matrixOffset(), (long) Float.BYTES * gate.rows() * gate.columns()), 0.1f);
            fill(weights.slice(gate.biasOffset(), (long) Float.BYTES * gate.rows()), id == FORGET ? 1 : 0);
        }
    }

    private static void fill(DeviceBuffer buffer, float value) {
        float[] values = new float[(int) (buffer.byteSize() / Float.BYTES)];
        Arrays.fill(values, value);
        try (Arena arena = Arena.ofConfined()) {
            buffer.copyFrom(arena.allocateFrom(ValueLayout.JAVA_FLOAT, values));
        }
    }

    private static float read(Arena arena, DeviceBuffer buffer, long index) {
        MemorySegment value = arena.allocate(ValueLayout.JAVA_FLOAT);
        buffer.sliceFloats(index, 1).copyTo(value);
        return value.get(ValueLayout.JAVA_FLOAT, 0);
    }
}
