package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.lm.text.TextException;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextModelTest {
    /** A loss is off by a few float ulps. */
    private static final double TOLERANCE = 2e-6;

    private static final Vocabulary WORDS = Vocabulary.of(List.of("the", "cat", "sat", Vocabulary.EOS, "mat"));

    @TempDir
    Path run;

    @BeforeEach
    void writeRun() throws IOException {
        WORDS.write(run.resolve("vocabulary.txt"));
        try (LanguageModel model = LanguageModel.create(new ModelConfig(WORDS.size(), 4, 6, 1), 5)) {
            model.save(run.resolve("model.safetensors"));
        }
    }

    @Test
    void eachWordIsScoredAfterAllBeforeAndALineEndIsAWord() throws IOException {
        try (TextModel model = TextModel.load(run)) {
            int[] ids = {0, 1, 2, 3, 4, 3};
            ReferenceModel reference = new ReferenceModel(model.model());
            ReferenceModel.State state = reference.zeroState();
            TextScore score = model.score("the cat\tsat\n mat");
            assertEquals(List.of("cat", "sat", "<eos>", "mat", "<eos>"), score.words().stream().map(TextScore.Word::text).toList());
            double total = 0;
            for (int i = 0; i + 1 < ids.length; i++) {
                double expected = -ReferenceModel.crossEntropy(reference.next(ids[i], state), ids[i + 1]);
                assertEquals(expected, score.words().get(i).logProbability(), TOLERANCE);
                total += expected;
            }
            assertEquals(total, score.logProbability(), 5 * TOLERANCE);
            assertEquals(Math.exp(-total / 5), score.perplexity(), 5 * 5 * TOLERANCE);
            assertEquals(score, model.score("the cat sat\nmat\n"));
        }
    }

    @Test
    void aTextGoesOnWithTheWordsThatTheSamplerDraws() throws IOException {
        try (TextModel model = TextModel.load(run); Sampler sampler = new Sampler(model.model())) {
            SamplingOptions options = SamplingOptions.DEFAULT.withTopK(4).withSeed(3);
            StringBuilder expected = new StringBuilder();
            sampler.sample(new int[] {0, 1}, 30, options, (row, id) -> expected.append(' ').append(WORDS.word(id)).length() > 0);
            String text = model.continueText("the cat", 30, options);
            assertEquals(expected.toString().strip(), text.replace("\n", " <eos> ").replaceAll(" +", " ").strip());
            List<String> texts = model.continueTexts("the cat", 30, options.withBatch(3));
            assertEquals(3, texts.stream().distinct().count());
            assertEquals(text, texts.getFirst());
        }
    }

    @Test
    void whatTheModelDoesNotKnowIsRefusedByName() throws IOException {
        try (TextModel model = TextModel.load(run)) {
            String message = assertThrows(IllegalArgumentException.class, () -> model.score("the bird")).getMessage();
            assertTrue(message.contains("'bird'"), message);
            assertThrows(IllegalArgumentException.class, () -> model.continueText("bird", 1, SamplingOptions.DEFAULT));
            assertThrows(IllegalArgumentException.class, () -> model.score(""));
        }
        Vocabulary.of(List.of("the", "cat")).write(run.resolve("vocabulary.txt"));
        String message = assertThrows(TextException.class, () -> TextModel.load(run)).getMessage();
        assertTrue(message.contains("5 words") && message.contains("holds 2"), message);
    }
}
