package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import dev.gatun.lm.text.Windows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvaluatorTest {
    private static final int WORDS = 9;

    /** A token's loss is near log 9 and off by a few float ulps; their errors do not add up in the mean. */
    private static final double TOLERANCE = 2e-6;

    @TempDir
    Path dir;

    /** A text of {@code size} tokens, the last an end of line, over a vocabulary of WORDS. */
    private TokenStream text(int size) throws IOException {
        Vocabulary vocabulary = new Vocabulary();
        vocabulary.add(Vocabulary.EOS);
        for (int i = 1; i < WORDS; i++) {
            vocabulary.add("w" + i);
        }
        Random random = new Random(2);
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < size - 1; i++) {
            line.append("w").append(1 + random.nextInt(WORDS - 1)).append(' ');
        }
        return TokenStream.readKnown(Files.writeString(dir.resolve("text"), line + "\n"), vocabulary);
    }

    private static LanguageModel model() {
        return LanguageModel.create(new ModelConfig(WORDS, 5, 7, 2), 3);
    }

    /** The sum of losses over positions [from, to), beginning with a zero state. */
    private static double loss(ReferenceModel reference, TokenStream text, long from, long to) {
        ReferenceModel.State state = reference.zeroState();
        double sum = 0;
        for (long i = from; i < to; i++) {
            sum += ReferenceModel.crossEntropy(reference.next(text.id(i), state), text.id(i + 1));
        }
        return sum;
    }

    @ParameterizedTest
    @CsvSource({"50, 1, 7", "50, 1, 49", "50, 1, 64", "50, 1, 1", "2, 1, 3", "50, 3, 4", "50, 7, 7", "52, 4, 5", "5, 8, 3"})
    void everyWordButTheFirstIsPredictedOnceWhateverBatchAndSeq(int size, int batch, int seq) throws IOException {
        try (LanguageModel model = model(); TokenStream text = text(size); Evaluator evaluator = new Evaluator(model, batch, seq)) {
            ReferenceModel reference = new ReferenceModel(model);
            long row = Math.ceilDiv(size - 1, batch);
            double expected = 0;
            for (long start = 0; start < size - 1; start += row) {
                expected += loss(reference, text, start, Math.min(start + row, size - 1));
            }
            Evaluation evaluation = evaluator.evaluate(text);
            assertEquals(size - 1, evaluation.tokens());
            assertEquals(expected / (size - 1), evaluation.meanLoss(), TOLERANCE);
            assertEquals(Math.exp(evaluation.meanLoss()), evaluation.perplexity());
            assertEquals(evaluation, evaluator.evaluate(text), "a second evaluation begins with a zero state again");
        }
    }

    @Test
    void windowsAreEvaluatedAsTheyAreTrainedOn() throws IOException {
        try (LanguageModel model = model(); TokenStream text = text(50); Evaluator evaluator = new Evaluator(model, 3, 4)) {
            ReferenceModel reference = new ReferenceModel(model);
            Windows windows = new Windows(text, 3, 4);
            double expected = 0;
            for (int row = 0; row < 3; row++) {
                expected += loss(reference, text, row * 16, row * 16 + 4 * windows.count());
            }
            Evaluation evaluation = evaluator.evaluate(windows);
            assertEquals(3 * 4 * 3, evaluation.tokens());
            assertEquals(expected / 36, evaluation.meanLoss(), TOLERANCE);
            assertThrows(IllegalArgumentException.class, () -> evaluator.evaluate(new Windows(text, 3, 5)));
        }
    }

    @ParameterizedTest
    @CsvSource({"50, 7", "50, 49", "50, 64", "2, 3"})
    void scoresAreTheLogarithmsOfEachWordsProbability(int size, int seq) throws IOException {
        try (LanguageModel model = model(); TokenStream text = text(size); Evaluator evaluator = new Evaluator(model, 1, seq)) {
            List<Double> scores = new ArrayList<>();
            Evaluation evaluation = evaluator.score(text, scores::add);
            ReferenceModel reference = new ReferenceModel(model);
            ReferenceModel.State state = reference.zeroState();
            for (int i = 0; i < size - 1; i++) {
                double loss = ReferenceModel.crossEntropy(reference.next(text.id(i), state), text.id(i + 1));
                assertEquals(-loss, scores.get(i), TOLERANCE, "word " + (i + 1));
            }
            assertEquals(size - 1, scores.size());
            assertEquals(evaluator.evaluate(text).meanLoss(), evaluation.meanLoss());
            assertEquals(-scores.stream().mapToDouble(s -> s).sum(), evaluation.meanLoss() * (size - 1), (size - 1) * TOLERANCE);
        }
    }

    @Test
    void scoresNeedOneRow() throws IOException {
        try (LanguageModel model = model(); TokenStream text = text(9); Evaluator evaluator = new Evaluator(model, 2, 3)) {
            assertThrows(IllegalArgumentException.class, () -> evaluator.score(text, score -> { }));
        }
    }

    @Test
    void aTextOfOneWordOrOfUnknownWordsIsRefused() throws IOException {
        try (LanguageModel model = LanguageModel.create(new ModelConfig(4, 5, 7, 1), 3); Evaluator evaluator = new Evaluator(model, 1, 4)) {
            try (TokenStream text = text(1)) {
                assertThrows(IllegalArgumentException.class, () -> evaluator.evaluate(text));
            }
            try (TokenStream text = text(50)) {
                assertThrows(IllegalArgumentException.class, () -> evaluator.evaluate(text));
            }
            assertThrows(IllegalArgumentException.class, () -> new Evaluator(model, 0, 4));
        }
    }
}
