package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
    private static final int WORDS = 9;

    private static LanguageModel model() {
        return LanguageModel.create(new ModelConfig(WORDS, 5, 7, 2), 3);
    }

    private static List<Integer> sample(Sampler sampler, int words, float temperature, long seed) {
        List<Integer> text = new ArrayList<>();
        sampler.sample(words, temperature, seed, text::add);
        return text;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 99, 100, 101, 250})
    void aTextHasAsManyWordsAsAskedForAndDependsOnTheSeedAlone(int words) {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            List<Integer> text = sample(sampler, words, 1, 7);
            assertEquals(words, text.size());
            assertTrue(text.stream().allMatch(id -> id >= 0 && id < WORDS));
            sample(sampler, 3, 0.5f, 8);
            assertEquals(text, sample(sampler, words, 1, 7), "again, after another text");
            try (Sampler other = new Sampler(model)) {
                assertEquals(text, sample(other, words, 1, 7), "from another sampler");
            }
            if (words > 1) {
                assertEquals(text.subList(0, words - 1), sample(sampler, words - 1, 1, 7), "a shorter text is its beginning");
            }
        }
    }

    @Test
    void anotherSeedGivesAnotherText() {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            assertNotEquals(sample(sampler, 50, 1, 7), sample(sampler, 50, 1, 8));
        }
    }

    /** Near temperature 0 each word is the likeliest one. */
    @Test
    void eachWordIsDrawnFromTheModelsDistributionAfterAllWordsBefore() {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            ReferenceModel reference = new ReferenceModel(model);
            ReferenceModel.State state = reference.zeroState();
            List<Integer> expected = new ArrayList<>();
            int word = Sampler.firstWord(7, WORDS);
            for (int i = 0; i < 30; i++) {
                word = likeliest(reference.next(word, state));
                expected.add(word);
            }
            assertEquals(expected, sample(sampler, 30, 1e-4f, 7));
        }
    }

    private static int likeliest(double[] logits) {
        return IntStream.range(0, logits.length).reduce((a, b) -> logits[b] > logits[a] ? b : a).getAsInt();
    }

    /** With a projection of zeros the bias alone decides, and words are independent draws from softmax(bias / temperature). */
    @ParameterizedTest
    @ValueSource(floats = {1, 0.5f})
    void wordsFollowTheSoftmaxAtTheTemperature(float temperature) {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model); Arena arena = Arena.ofConfined()) {
            TensorInfo weight = model.parameters().tensor("linear.weight");
            model.parameters().copyFrom(weight, arena.allocate(weight.byteSize(), Float.BYTES));
            MemorySegment bias = arena.allocate(ValueLayout.JAVA_FLOAT, WORDS);
            double[] expected = new double[WORDS];
            for (int i = 0; i < WORDS; i++) {
                float logit = 0.25f * i;
                bias.setAtIndex(ValueLayout.JAVA_FLOAT, i, logit);
                expected[i] = Math.exp(logit / temperature);
            }
            model.parameters().copyFrom(model.parameters().tensor("linear.bias"), bias);
            double total = Arrays.stream(expected).sum();
            int words = 4000;
            int[] counts = new int[WORDS];
            sampler.sample(words, temperature, 7, id -> counts[id]++);
            double chiSquare = 0;
            for (int i = 0; i < WORDS; i++) {
                double mean = words * expected[i] / total;
                chiSquare += Math.pow(counts[i] - mean, 2) / mean;
            }
            // Eight degrees of freedom: chance alone would exceed 40 for 3 seeds in a million, and the seed is fixed.
            assertTrue(chiSquare < 40, "chi-square " + chiSquare + " of " + Arrays.toString(counts));
        }
    }

    @Test
    void theFirstWordIsDrawnEvenlyFromTheVocabulary() {
        int[] counts = new int[WORDS];
        IntStream.range(0, 9000).forEach(seed -> counts[Sampler.firstWord(seed, WORDS)]++);
        double chiSquare = Arrays.stream(counts).mapToDouble(count -> Math.pow(count - 1000, 2) / 1000).sum();
        // Eight degrees of freedom, as above.
        assertTrue(chiSquare < 40, "chi-square " + chiSquare + " of " + Arrays.toString(counts));
    }

    @Test
    void whatCannotBeSampledIsRefused() {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            assertThrows(IllegalArgumentException.class, () -> sampler.sample(0, 1, 7, id -> { }));
            assertThrows(IllegalArgumentException.class, () -> sampler.sample(1, 0, 7, id -> { }));
            assertThrows(IllegalArgumentException.class, () -> sampler.sample(1, Float.NaN, 7, id -> { }));
        }
    }
}
