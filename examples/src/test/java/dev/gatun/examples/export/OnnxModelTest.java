package dev.gatun.examples.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.gatun.examples.CommandException;
import dev.gatun.lm.Cell;
import dev.gatun.lm.Evaluator;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.text.Text;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An exported model, run by ONNX Runtime. */
class OnnxModelTest {
    private static final int VOCABULARY = 41;
    private static final int WORDS = 90;
    private static final int PART = 25; // steps that ONNX Runtime is given at once; not a divisor of WORDS

    /**
     * Both sides compute in float32; sums of some dozen products and {@value #WORDS} steps through the gates leave some 1e-7 of a loss.
     */
    private static final double RELATIVE = 2e-6;

    private static TokenStream text() throws IOException {
        Random random = new Random(4);
        Vocabulary vocabulary = Vocabulary.of(IntStream.range(0, VOCABULARY).mapToObj(i -> i == 0 ? Vocabulary.EOS : "w" + i).toList());
        String words = String.join(" ", random.ints(WORDS - 1, 1, VOCABULARY).mapToObj(i -> "w" + i).toList());
        return TokenStream.readKnown(Text.ofLines(List.of(words)), vocabulary);
    }

    @ParameterizedTest
    @CsvSource({"7, 13, 1, LSTM, false", "16, 16, 2, LSTM, true", "5, 24, 3, LSTM, false", "7, 13, 2, GRU, false", "12, 12, 1, GRU, true"})
    void onnxRuntimeFindsTheSamePerplexity(int embed, int hidden, int layers, Cell cell, boolean tied) throws IOException, OrtException {
        ModelConfig config = new ModelConfig(VOCABULARY, embed, hidden, layers, cell, 0, tied);
        try (LanguageModel model = LanguageModel.create(config, 6); TokenStream text = text()) {
            double expected;
            try (Evaluator evaluator = new Evaluator(model, 1, 10)) {
                expected = evaluator.evaluate(text).meanLoss();
            }
            ByteArrayOutputStream onnx = new ByteArrayOutputStream();
            OnnxModel.write(model, "test", onnx);
            assertEquals(expected, loss(onnx.toByteArray(), text, config), expected * RELATIVE);
        }
    }

    @Test
    void aProjectedModelIsRefusedInWords() {
        try (LanguageModel model = LanguageModel.create(new ModelConfig(VOCABULARY, 4, 8, 1, Cell.LSTM, 4, false), 6)) {
            ByteArrayOutputStream onnx = new ByteArrayOutputStream();
            String message = assertThrows(CommandException.class, () -> OnnxModel.write(model, "test", onnx)).getMessage();
            assertTrue(message.contains("--proj"), message);
            assertEquals(0, onnx.size());
        }
    }

    /** The mean loss of predicting every word but the first, the state carried from part to part. */
    private static double loss(byte[] onnx, TokenStream text, ModelConfig config) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        double loss = 0;
        try (OrtSession session = environment.createSession(onnx)) {
            assertTrue(session.getInputNames().contains("tokens"), session.getInputNames().toString());
            float[][][] h = new float[config.layers()][1][config.hidden()];
            float[][][] c = new float[config.layers()][1][config.hidden()];
            for (int from = 0; from < WORDS - 1; from += PART) {
                int steps = Math.min(PART, WORDS - 1 - from);
                long[] tokens = new long[steps];
                for (int t = 0; t < steps; t++) {
                    tokens[t] = text.id(from + t);
                }
                Map<String, OnnxTensor> inputs = new HashMap<>();
                inputs.put("tokens", OnnxTensor.createTensor(environment, LongBuffer.wrap(tokens), new long[] {steps, 1}));
                inputs.put("h0", OnnxTensor.createTensor(environment, h));
                if (config.cell() == Cell.LSTM) {
                    inputs.put("c0", OnnxTensor.createTensor(environment, c));
                }
                try (OrtSession.Result result = session.run(inputs)) {
                    float[][][] logits = (float[][][]) result.get("logits").orElseThrow().getValue();
                    h = (float[][][]) result.get("hn").orElseThrow().getValue();
                    c = config.cell() == Cell.LSTM ? (float[][][]) result.get("cn").orElseThrow().getValue() : c;
                    for (int t = 0; t < steps; t++) {
                        loss += crossEntropy(logits[t][0], text.id(from + t + 1));
                    }
                }
                inputs.values().forEach(OnnxTensor::close);
            }
        }
        return loss / (WORDS - 1);
    }

    private static double crossEntropy(float[] logits, int target) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        return Math.log(sum) - logits[target];
    }
}
