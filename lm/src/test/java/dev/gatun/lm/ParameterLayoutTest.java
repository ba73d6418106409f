package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.cudnn.RnnDescriptor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParameterLayoutTest {
    private static final ModelConfig CONFIG = new ModelConfig(11, 5, 6, 2);
    private static final long WEIGHT_SPACE = 8192;

    /** A layout that no cuDNN has: gates in descending order and far apart, biases before the matrices. */
    private static RnnDescriptor.GateWeights gate(int layer, int id) {
        int columns = id < 4 ? CONFIG.inputSize(layer) : CONFIG.hidden();
        long place = 8L * layer + 7 - id;
        return new RnnDescriptor.GateWeights(1024 + 256 * place, CONFIG.hidden(), columns, 32 * place);
    }

    private static final ParameterLayout LAYOUT = new ParameterLayout(CONFIG, WEIGHT_SPACE, ParameterLayoutTest::gate);

    @Test
    void tensorsHavePyTorchsNamesShapesAndOrder() {
        assertEquals("[embed.weight [11][5], "
                + "lstm.weight_ih_l0 [24][5], lstm.weight_hh_l0 [24][6], lstm.bias_ih_l0 [24], lstm.bias_hh_l0 [24], "
                + "lstm.weight_ih_l1 [24][6], lstm.weight_hh_l1 [24][6], lstm.bias_ih_l1 [24], lstm.bias_hh_l1 [24], "
                + "linear.weight [11][6], linear.bias [11]]", LAYOUT.tensors().toString());
        assertEquals(CONFIG.parameterCount(), LAYOUT.tensors().stream().mapToLong(TensorInfo::elements).sum());
    }

    @Test
    void theFourSlicesBeginAtMultiplesOf256BytesAndDoNotOverlap() {
        List<ParameterLayout.Slice> slices = List.of(LAYOUT.embedWeight(), LAYOUT.lstm(), LAYOUT.linearWeight(), LAYOUT.linearBias());
        long end = 0;
        for (ParameterLayout.Slice slice : slices) {
            assertEquals(0, slice.offset() % ParameterLayout.ALIGNMENT);
            assertTrue(slice.offset() >= end && slice.offset() < end + ParameterLayout.ALIGNMENT, "overlap, or more padding than needed");
            end = slice.offset() + slice.bytes();
        }
        assertTrue(LAYOUT.byteSize() >= end && LAYOUT.byteSize() % ParameterLayout.ALIGNMENT == 0);
    }

    @Test
    void gatesAreTakenFromWhereCudnnSaysInTheOrderOfPyTorch() {
        long lstm = LAYOUT.lstm().offset();
        List<ParameterLayout.Slice> inputMatrices = LAYOUT.slices(LAYOUT.tensor("lstm.weight_ih_l0"));
        List<ParameterLayout.Slice> stateBiases = LAYOUT.slices(LAYOUT.tensor("lstm.bias_hh_l1"));
        for (int gate = 0; gate < 4; gate++) {
            assertEquals(new ParameterLayout.Slice(lstm + gate(0, gate).matrixOffset(), 4 * 6 * 5), inputMatrices.get(gate));
            assertEquals(new ParameterLayout.Slice(lstm + gate(1, 4 + gate).biasOffset(), 4 * 6), stateBiases.get(gate));
        }
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
