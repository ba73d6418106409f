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
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
            int word = SamplingPass.firstWord(7, 0, WORDS);
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
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            double[] expected = biasAlone(model, temperature);
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
        IntStream.range(0, 9000).forEach(seed -> counts[SamplingPass.firstWord(seed, 0, WORDS)]++);
        double chiSquare = Arrays.stream(counts).mapToDouble(count -> Math.pow(count - 1000, 2) / 1000).sum();
        // Eight degrees of freedom, as above.
        assertTrue(chiSquare < 40, "chi-square " + chiSquare + " of " + Arrays.toString(counts));
    }

    private static List<List<Integer>> texts(Sampler sampler, int[] prompt, int words, SamplingOptions options) {
        List<List<Integer>> texts = new ArrayList<>();
        IntStream.range(0, options.batch()).forEach(row -> texts.add(new ArrayList<>()));
        sampler.sample(prompt, words, options, (row, id) -> texts.get(row).add(id));
        return texts;
    }

    /** The likeliest words, by the model in double precision, after a prompt that is fed to it word by word. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void greedyTextsGoOnFromThePromptWithTheLikeliestWords(int batch) {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            int[] prompt = {3, 1, 4, 1, 5};
            ReferenceModel reference = new ReferenceModel(model);
            ReferenceModel.State state = reference.zeroState();
            double[] logits = {};
            for (int word : prompt) {
                logits = reference.next(word, state);
            }
            List<Integer> expected = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                expected.add(likeliest(logits));
                logits = reference.next(expected.getLast(), state);
            }
            SamplingOptions options = SamplingOptions.DEFAULT.withGreedy(true).withTopK(2).withBatch(batch);
            assertEquals(Collections.nCopies(batch, expected), texts(sampler, prompt, 20, options));
        }
    }

    /** A text's draws are numbered from its first word on, so the words that follow are drawn as if the others had been the prompt. */
    @Test
    void aPromptIsReadAsIfItsWordsHadBeenDrawn() {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            SamplingOptions greedy = SamplingOptions.DEFAULT.withGreedy(true);
            int[] prompt = {3, 1};
            List<Integer> text = texts(sampler, prompt, 12, greedy).getFirst();
            int[] longer = IntStream.concat(Arrays.stream(prompt), text.stream().limit(5).mapToInt(id -> id)).toArray();
            assertEquals(text.subList(5, 12), texts(sampler, longer, 7, greedy).getFirst());
        }
    }

    @Test
    void aTextDependsOnItsRowAndNotOnTheOtherRows() {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            int[] prompt = {2};
            List<List<Integer>> three = texts(sampler, prompt, 40, SamplingOptions.DEFAULT.withBatch(3));
            assertEquals(three, texts(sampler, prompt, 40, SamplingOptions.DEFAULT.withBatch(3)));
            assertEquals(three.subList(0, 2), texts(sampler, prompt, 40, SamplingOptions.DEFAULT.withBatch(2)));
            assertEquals(3, Set.copyOf(three).size());
            assertNotEquals(three, texts(sampler, prompt, 40, SamplingOptions.DEFAULT.withBatch(3).withSeed(2)));
        }
    }

    @Test
    void aTextEndsWhereItsListenerSaysSoAndTheOthersGoOn() {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            SamplingOptions options = SamplingOptions.DEFAULT.withBatch(2);
            List<List<Integer>> whole = texts(sampler, new int[0], 300, options);
            List<List<Integer>> ended = List.of(new ArrayList<>(), new ArrayList<>());
            sampler.sample(new int[0], 300, options, (row, id) -> {
                ended.get(row).add(id);
                return ended.get(row).size() < (row == 0 ? 150 : 7);
            });
            assertEquals(List.of(whole.get(0).subList(0, 150), whole.get(1).subList(0, 7)), ended);
        }
    }

    /** With a projection of zeros the bias alone decides; its words are 0.25 apart, the last the likeliest. */
    @ParameterizedTest
    @CsvSource({"1, 3, 1, 3", "0.5, 0, 0.5, 2", "1, 5, 0.4, 2", "1, 1, 1, 1"})
    void onlyTheLikeliestWordsAreDrawnEachAsOftenAsItsProbabilitySays(float temperature, int topK, float topP, int kept) {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            double[] weights = biasAlone(model, temperature);
            Arrays.fill(weights, 0, WORDS - kept, 0);
            int[] counts = new int[WORDS];
            SamplingOptions options = SamplingOptions.DEFAULT.withTemperature(temperature).withTopK(topK).withTopP(topP).withBatch(4);
            sampler.sample(new int[0], 1000, options, (row, id) -> ++counts[id] > 0);
            double total = Arrays.stream(weights).sum();
            double chiSquare = 0;
            for (int i = 0; i < WORDS; i++) {
                double mean = 4000 * weights[i] / total;
                assertTrue(mean > 0 || counts[i] == 0, () -> Arrays.toString(counts));
                chiSquare += mean == 0 ? 0 : Math.pow(counts[i] - mean, 2) / mean;
            }
            // At most two degrees of freedom: chance alone would exceed 28 for one seed in a million.
            assertTrue(chiSquare < 28, "chi-square " + chiSquare + " of " + Arrays.toString(counts));
        }
    }

    /** Makes each word's logit its bias, and returns the words' weights. */
    private static double[] biasAlone(LanguageModel model, float temperature) {
        try (Arena arena = Arena.ofConfined()) {
            TensorInfo weight = model.parameters().tensor("linear.weight");
            model.parameters().copyFrom(weight, arena.allocate(weight.byteSize(), Float.BYTES));
            MemorySegment bias = arena.allocate(ValueLayout.JAVA_FLOAT, WORDS);
            double[] weights = new double[WORDS];
            for (int i = 0; i < WORDS; i++) {
                bias.setAtIndex(ValueLayout.JAVA_FLOAT, i, 0.25f * i);
                weights[i] = Math.exp(0.25f * i / temperature);
            }
            model.parameters().copyFrom(model.parameters().tensor("linear.bias"), bias);
            return weights;
        }
    }

    @Test
    void optionsOutOfRangeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> SamplingOptions.DEFAULT.withTemperature(0));
        assertThrows(IllegalArgumentException.class, () -> SamplingOptions.DEFAULT.withTopK(-1));
        assertThrows(IllegalArgumentException.class, () -> SamplingOptions.DEFAULT.withTopP(0));
        assertThrows(IllegalArgumentException.class, () -> SamplingOptions.DEFAULT.withTopP(1.5f));
        assertThrows(IllegalArgumentException.class, () -> SamplingOptions.DEFAULT.withBatch(0));
    }

    @Test
    void whatCannotBeSampledIsRefused() {
        try (LanguageModel model = model(); Sampler sampler = new Sampler(model)) {
            assertThrows(IllegalArgumentException.class, () -> sampler.sample(0, 1, 7, id -> { }));
            assertThrows(IllegalArgumentException.class, () -> sampler.sample(1, 0, 7, id -> { }));
            assertThrows(IllegalArgumentException.class, () -> sampler.sample(1, Float.NaN, 7, id -> { }));
            assertThrows(IllegalArgumentException.class,
                    () -> sampler.sample(new int[] {WORDS}, 1, SamplingOptions.DEFAULT, (row, id) -> true));
        }
    }
}
