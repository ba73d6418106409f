package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.cudnn.RnnDescriptor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParameterLayoutTest {
    private static final ModelConfig CONFIG = new ModelConfig(11, 5, 6, 2);
    private static final long WEIGHT_SPACE = 8192;
    private static final ModelConfig PROJECTED = new ModelConfig(11, 4, 6, 2, Cell.LSTM, 4, true);
    private static final ModelConfig GRU = new ModelConfig(11, 5, 6, 1, Cell.GRU, 0, false);

    /** A layout that no cuDNN has: gates in descending order and far apart, biases before the matrices. */
    private static RnnDescriptor.GateWeights gate(int layer, int id) {
        int columns = id < 4 ? CONFIG.inputSize(layer) : CONFIG.hidden();
        long place = 8L * layer + 7 - id;
        return new RnnDescriptor.GateWeights(1024 + 256 * place, CONFIG.hidden(), columns, 32 * place);
    }

    private static final ParameterLayout LAYOUT = new ParameterLayout(CONFIG, Float.BYTES, WEIGHT_SPACE, ParameterLayoutTest::gate);

    @Test
    void tensorsHavePyTorchsNamesShapesAndOrder() {
        assertEquals("[embed.weight [11][5], "
                + "lstm.weight_ih_l0 [24][5], lstm.weight_hh_l0 [24][6], lstm.bias_ih_l0 [24], lstm.bias_hh_l0 [24], "
                + "lstm.weight_ih_l1 [24][6], lstm.weight_hh_l1 [24][6], lstm.bias_ih_l1 [24], lstm.bias_hh_l1 [24], "
                + "linear.weight [11][6], linear.bias [11]]", LAYOUT.tensors().toString());
        assertEquals(CONFIG.parameterCount(), LAYOUT.tensors().stream().mapToLong(TensorInfo::elements).sum());
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 2})
    void theFourSlicesBeginAtMultiplesOf64ElementsAndDoNotOverlap(int elementBytes) {
        ParameterLayout layout = new ParameterLayout(CONFIG, elementBytes, WEIGHT_SPACE, ParameterLayoutTest::gate);
        List<ParameterLayout.Slice> slices = List.of(layout.embedWeight(), layout.rnn(), layout.linearWeight(), layout.linearBias());
        long alignment = ParameterLayout.ALIGNMENT * elementBytes;
        assertEquals(elementBytes * 11L * 5, layout.embedWeight().bytes());
        assertEquals(elementBytes * 11L * 6, layout.linearWeight().bytes());
        long end = 0;
        for (ParameterLayout.Slice slice : slices) {
            assertEquals(0, slice.offset() % alignment);
            assertTrue(slice.offset() >= end && slice.offset() < end + alignment, "overlap, or more padding than needed");
            end = slice.offset() + slice.bytes();
        }
        assertTrue(layout.byteSize() >= end && layout.byteSize() % alignment == 0);
    }

    @Test
    void gatesAreTakenFromWhereCudnnSaysInTheOrderOfPyTorch() {
        long lstm = LAYOUT.rnn().offset();
        List<ParameterLayout.Slice> inputMatrices = LAYOUT.slices(LAYOUT.tensor("lstm.weight_ih_l0"));
        List<ParameterLayout.Slice> stateBiases = LAYOUT.slices(LAYOUT.tensor("lstm.bias_hh_l1"));
        for (int gate = 0; gate < 4; gate++) {
            assertEquals(new ParameterLayout.Slice(lstm + gate(0, gate).matrixOffset(), 4 * 6 * 5), inputMatrices.get(gate));
            assertEquals(new ParameterLayout.Slice(lstm + gate(1, 4 + gate).biasOffset(), 4 * 6), stateBiases.get(gate));
        }
    }

    @Test
    void aProjectionIsOneMatrixAndATiedModelHasNoTensorForTheOutput() {
        ParameterLayout layout = new ParameterLayout(PROJECTED, Float.BYTES, WEIGHT_SPACE,
                (layer, id) -> new RnnDescriptor.GateWeights(512L * layer + 32L * id, 6, 4, 4096 + 32L * id));
        assertEquals("[embed.weight [11][4], lstm.weight_ih_l0 [24][4], lstm.weight_hh_l0 [24][4], lstm.bias_ih_l0 [24],"
                + " lstm.bias_hh_l0 [24], lstm.weight_hr_l0 [4][6], lstm.weight_ih_l1 [24][4], lstm.weight_hh_l1 [24][4],"
                + " lstm.bias_ih_l1 [24], lstm.bias_hh_l1 [24], lstm.weight_hr_l1 [4][6], linear.bias [11]]", layout.tensors().toString());
        assertEquals(PROJECTED.parameterCount(), layout.tensors().stream().mapToLong(TensorInfo::elements).sum());
        assertEquals(List.of(new ParameterLayout.Slice(layout.rnn().offset() + 512 + 32 * 8, 4 * 4 * 6)),
                layout.slices(layout.tensor("lstm.weight_hr_l1")));
        assertEquals(layout.embedWeight(), layout.linearWeight());
        assertTrue(layout.linearBias().offset() >= layout.rnn().offset() + WEIGHT_SPACE);
    }

    @Test
    void aGruHasThreeGatesUnderItsOwnName() {
        ParameterLayout layout = new ParameterLayout(GRU, Float.BYTES, WEIGHT_SPACE,
                (layer, id) -> new RnnDescriptor.GateWeights(32L * id, 6, 5, 4096 + 32L * id));
        assertEquals("[embed.weight [11][5], gru.weight_ih_l0 [18][5], gru.weight_hh_l0 [18][6], gru.bias_ih_l0 [18],"
                + " gru.bias_hh_l0 [18], linear.weight [11][6], linear.bias [11]]", layout.tensors().toString());
        assertEquals(GRU.parameterCount(), layout.tensors().stream().mapToLong(TensorInfo::elements).sum());
        assertEquals(List.of(96L, 128L, 160L), layout.slices(layout.tensor("gru.weight_hh_l0")).stream()
                .map(slice -> slice.offset() - layout.rnn().offset()).toList());
    }

    @Test
    void noTwoTensorsShareAByte() {
        List<ParameterLayout.Slice> slices = new ArrayList<>();
        LAYOUT.tensors().forEach(tensor -> slices.addAll(LAYOUT.slices(tensor)));
        slices.sort(Comparator.comparingLong(ParameterLayout.Slice::offset));
        for (int i = 1; i < slices.size(); i++) {
            assertTrue(slices.get(i - 1).offset() + slices.get(i - 1).bytes() <= slices.get(i).offset(), slices.get(i).toString());
        }
    }

    @Test
    void anUnknownTensorIsRefusedByName() {
        String name = assertThrows(IllegalArgumentException.class, () -> LAYOUT.tensor("lstm.weight_ih_l2")).getMessage();
        assertTrue(name.startsWith("the model has no tensor 'lstm.weight_ih_l2'; it has [embed.weight, "), name);
        String shape = assertThrows(IllegalArgumentException.class,
                () -> LAYOUT.slices(TensorInfo.of("linear.bias", 12))).getMessage();
        assertEquals("the model's tensor is linear.bias [11], got linear.bias [12]", shape);
    }
}
