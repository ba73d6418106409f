package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigTest {
    @ParameterizedTest
    @CsvSource({"0, 1, 1, 1, vocabulary", "1, 0, 1, 1, embed", "1, 1, -3, 1, hidden", "1, 1, 1, 0, layers"})
    void aModelSizeBelowOneIsRefusedByName(int vocabulary, int embed, int hidden, int layers, String name) {
        String message = assertThrows(IllegalArgumentException.class,
                () -> new ModelConfig(vocabulary, embed, hidden, layers)).getMessage();
        assertEquals(name + " must be at least 1, got " + Math.min(0, Math.min(hidden, layers)), message);
    }

    @ParameterizedTest
    @CsvSource({
        "6, 7, GRU, 3, false, 'only an LSTM has a projection: with a GRU it must be 0, got 3'",
        "6, 7, LSTM, 7, false, 'projection must be 0 (none) or below hidden, which is 7, got 7'",
        "6, 7, LSTM, -1, false, 'projection must be 0 (none) or below hidden, which is 7, got -1'",
        "6, 7, LSTM, 0, true, 'with tied embeddings embed must equal hidden, which is 7, got 6'",
        "7, 7, LSTM, 6, true, 'with tied embeddings embed must equal projection, which is 6, got 7'"})
    void partsThatDoNotFitEachOtherAreRefusedInWords(int embed, int hidden, Cell cell, int projection, boolean tied, String message) {
        assertEquals(message, assertThrows(IllegalArgumentException.class,
                () -> new ModelConfig(10, embed, hidden, 2, cell, projection, tied)).getMessage());
    }

    @Test
    void theTutorialsModelHasTheTutorialsParameterCount() {
        // 10000 x 128 + 4 x 1024 x (128 + 1024 + 2) + 10000 x 1024 + 10000, for the Penn Treebank and one layer.
        assertEquals(16_256_784, new ModelConfig(10_000, 128, 1024, 1).parameterCount());
    }

    @Test
    void upperLayersReadTheHiddenStateBelow() {
        ModelConfig config = new ModelConfig(10, 3, 5, 2);
        assertEquals(3, config.inputSize(0));
        assertEquals(5, config.inputSize(1));
        assertEquals(4, new ModelConfig(10, 3, 5, 2, Cell.LSTM, 4, false).inputSize(1));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 30, 0.5, 0.002, 'batch must be at least 1, got 0'",
        "20, 0, 0.5, 0.002, 'seq must be at least 1, got 0'",
        "65536, 65536, 0.5, 0.002, 'batch * seq must be at most 2147483647, got 4294967296'",
        "20, 30, -1, 0.002, 'clip must be a finite number of at least 0 (0: no clipping), got -1.0'",
        "20, 30, NaN, 0.002, 'clip must be a finite number of at least 0 (0: no clipping), got NaN'",
        "20, 30, 0.5, 0, 'the learning rate must be a positive finite number, got 0.0'",
        "20, 30, 0.5, Infinity, 'the learning rate must be a positive finite number, got Infinity'"})
    void aTrainingOptionThatCannotWorkIsRefusedInWords(int batch, int seq, float clip, float learningRate, String message) {
        assertEquals(message, assertThrows(IllegalArgumentException.class,
                () -> new TrainingOptions(batch, seq, clip, learningRate, 1)).getMessage());
    }
}
