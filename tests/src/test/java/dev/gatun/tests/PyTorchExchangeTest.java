package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gatun.lm.Cell;
import dev.gatun.lm.Evaluator;
import dev.gatun.lm.LanguageModel;
import dev.gatun.lm.ModelConfig;
import dev.gatun.lm.Trainer;
import dev.gatun.lm.TrainingOptions;
import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import dev.gatun.lm.text.Windows;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A model goes from here to PyTorch and back through its safetensors file, and predicts a text as well on either side. Rounding
 * moves a perplexity by less than 1e-6 of it; the bound is what is promised.
 */
class PyTorchExchangeTest {
    private static final int BATCH = 3;
    private static final int SEQ = 5;
    private static final int LAYERS = 2;
    private static final int HIDDEN = 19;
    private static final double TOLERANCE = 1e-4;

    @TempDir
    private Path folder;

    private Path text;
    private Path model;
    private Path vocabularyFile;

    /** A text with a word order to learn: each word is followed by the next one, or sometimes by any. */
    @BeforeEach
    void writeText() throws IOException {
        text = folder.resolve("text.txt");
        model = folder.resolve("model.safetensors");
        vocabularyFile = folder.resolve("vocabulary.txt");
        Random random = new Random(7);
        StringBuilder words = new StringBuilder();
        for (int i = 0, word = 0; i < 400; i++) {
            word = random.nextInt(4) == 0 ? random.nextInt(37) : (word + 1) % 37;
            words.append('w').append(word).append(i % 9 == 8 ? '\n' : ' ');
        }
        Files.writeString(text, words);
    }

    private static ModelConfig config(int vocabulary, int embed, Cell cell, int projection, boolean tied) {
        return new ModelConfig(vocabulary, embed, HIDDEN, LAYERS, cell, projection, tied);
    }

    @ParameterizedTest
    @CsvSource({"12, LSTM, 0, false", "19, LSTM, 0, true", "12, LSTM, 8, false", "8, LSTM, 8, true", "12, GRU, 0, false",
        "19, GRU, 0, true"})
    void pyTorchFindsTheSamePerplexityInAModelTrainedHere(int embed, Cell cell, int projection, boolean tied) throws Exception {
        Vocabulary vocabulary = new Vocabulary();
        double perplexity;
        try (TokenStream tokens = TokenStream.readAdding(text, vocabulary);
                LanguageModel trained = LanguageModel.create(config(vocabulary.size(), embed, cell, projection, tied), 5)) {
            Windows windows = new Windows(tokens, BATCH, SEQ);
            train(trained, windows);
            trained.save(model);
            vocabulary.write(vocabularyFile);
            perplexity = perplexity(trained, windows);
        }
        assertEquals(pyTorchsPerplexity(), perplexity, TOLERANCE * perplexity);
    }

    @ParameterizedTest
    @CsvSource({"12, LSTM, 0, false", "8, LSTM, 8, true", "12, GRU, 0, false", "19, GRU, 0, true"})
    void aModelTrainedByPyTorchHasTheSamePerplexityHere(int embed, Cell cell, int projection, boolean tied) throws Exception {
        Path initial = folder.resolve("initial.safetensors");
        Object[] init = {"init", "--data", text, "--embed", embed, "--hidden", HIDDEN, "--layers", LAYERS, "--out", initial, "--cell",
            cell.module(), "--proj", projection};
        Forked.python("tutorial.py", tied ? Stream.concat(Stream.of(init), Stream.of("--tie")).toArray() : init).succeeded();
        Forked.python("tutorial.py", "train", "--data", text, "--init", initial, "--batch", BATCH, "--seq", SEQ, "--steps", 3,
                "--lr", 0.01, "--save", model).succeeded();
        Vocabulary vocabulary = new Vocabulary();
        try (TokenStream tokens = TokenStream.readAdding(text, vocabulary); LanguageModel loaded = LanguageModel.load(model)) {
            assertEquals(config(vocabulary.size(), embed, cell, projection, tied), loaded.config());
            double perplexity = perplexity(loaded, new Windows(tokens, BATCH, SEQ));
            vocabulary.write(vocabularyFile);
            assertEquals(pyTorchsPerplexity(), perplexity, TOLERANCE * perplexity);
        }
    }

    /** A logarithm is off by the rounding of two logits below 10, of their sum of exponentials and of the state: some 1e-6. */
    @Test
    void pyTorchGivesEachWordTheSameProbability() throws Exception {
        Vocabulary vocabulary = new Vocabulary();
        List<Double> scores = new ArrayList<>();
        try (TokenStream tokens = TokenStream.readAdding(text, vocabulary);
                LanguageModel trained = LanguageModel.create(new ModelConfig(vocabulary.size(), 12, HIDDEN, LAYERS), 5)) {
            train(trained, new Windows(tokens, BATCH, SEQ));
            trained.save(model);
            vocabulary.write(vocabularyFile);
            try (Evaluator evaluator = new Evaluator(trained, 1, SEQ)) {
                evaluator.score(tokens, scores::add);
            }
        }
        Path result = folder.resolve("score.json");
        Forked.python("tutorial.py", "score", "--model", model, "--vocabulary", vocabularyFile, "--data", text, "--out", result)
                .succeeded();
        JsonNode expected = new ObjectMapper().readTree(result.toFile()).get("scores");
        assertEquals(expected.size(), scores.size());
        for (int i = 0; i < scores.size(); i++) {
            assertEquals(expected.get(i).asDouble(), scores.get(i), 5e-6, "word " + (i + 1));
        }
    }

    private static void train(LanguageModel model, Windows windows) {
        try (Arena arena = Arena.ofConfined(); Trainer trainer = new Trainer(model, new TrainingOptions(BATCH, SEQ, 0.5f, 0.01f, 5))) {
            MemorySegment inputs = arena.allocate(ValueLayout.JAVA_INT, BATCH * SEQ);
            MemorySegment targets = arena.allocate(ValueLayout.JAVA_INT, BATCH * SEQ);
            for (int step = 0; step < 3; step++) {
                windows.copy(step, inputs, targets);
                trainer.step(inputs, targets);
            }
        }
    }

    private static double perplexity(LanguageModel model, Windows windows) {
        try (Evaluator evaluator = new Evaluator(model, BATCH, SEQ)) {
            return evaluator.evaluate(windows).perplexity();
        }
    }

    private double pyTorchsPerplexity() throws IOException, InterruptedException {
        Path result = folder.resolve("perplexity.json");
        Forked.python("tutorial.py", "perplexity", "--model", model, "--vocabulary", vocabularyFile, "--data", text, "--batch", BATCH,
                "--seq", SEQ, "--out", result).succeeded();
        return new ObjectMapper().readTree(result.toFile()).get("perplexity").asDouble();
    }
}
