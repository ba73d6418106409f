package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How a text is cut, from the option to the sample. */
class TextOptionsTest {
    @TempDir
    Path dir;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = SmallText.write(dir.resolve("text.txt"), 300);
    }

    private Outcome train(Path out, Object... more) {
        List<Object> arguments = new java.util.ArrayList<>(List.of("train", "--data", text, "--valid", text, "--out", out, "--embed", 8,
                "--hidden", 32, "--batch", 4, "--seq", 20, "--words", 200, "--lr", 0.01));
        arguments.addAll(List.of(more));
        return Outcome.of(arguments.toArray());
    }

    private static double lastPerplexity(Outcome outcome) {
        String line = outcome.out().lines().filter(l -> l.contains("validation perplexity: ")).reduce((first, last) -> last).orElseThrow();
        return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
    }

    @ParameterizedTest
    @CsvSource({"char, 'tokenizer: char'", "byte, 'tokenizer: byte'"})
    void aModelOfCharactersOrBytesLearnsToSpell(String tokenizer, String header) throws IOException {
        Path run = dir.resolve("run");
        Outcome outcome = train(run, "--tokenizer", tokenizer, "--epochs", 3).succeeded();
        // Of 16 characters in even use a guess has perplexity 16; the text has 8 words that are easily spelt.
        assertTrue(lastPerplexity(outcome) < 2.5, outcome.out());
        assertEquals(header, Files.readAllLines(run.resolve("vocabulary.txt")).getFirst());
        String sample = Files.readString(run.resolve("sample.txt"));
        assertTrue(sample.contains("the ") && sample.contains("\n"), sample);
        assertEquals(200, sample.length(), 1); // a last line end is added where none was drawn

        double measured = lastPerplexity(outcome);
        String eval = Outcome.of("eval", "--model", run, "--data", text).succeeded().out();
        assertTrue(eval.contains(String.format(java.util.Locale.ROOT, "perplexity %.2f", measured)), eval);
    }

    @Test
    void aLimitedVocabularyKeepsTheMostFrequentWordsAndSaysHowMuchItLacks() throws IOException {
        Path run = dir.resolve("run");
        Outcome outcome = train(run, "--vocab-size", 5, "--steps", 3).succeeded();
        List<String> vocabulary = Files.readAllLines(run.resolve("vocabulary.txt"));
        assertEquals(5, vocabulary.size());
        assertTrue(vocabulary.containsAll(List.of("<unk>", "<eos>", "the")), vocabulary.toString());
        assertTrue(outcome.out().matches("(?s).*train [0-9,]+ \\([1-9][0-9]*\\.[0-9]% unknown\\).*"), outcome.out());
    }

    @Test
    void aWordBelowTheLeastCountIsUnknown() throws IOException {
        Files.writeString(text, "once upon the time\n", java.nio.file.StandardOpenOption.APPEND);
        Path run = dir.resolve("run");
        train(run, "--min-count", 2, "--steps", 3).succeeded();
        List<String> vocabulary = Files.readAllLines(run.resolve("vocabulary.txt"));
        assertTrue(vocabulary.contains("the") && vocabulary.contains("<unk>") && !vocabulary.contains("once"), vocabulary.toString());
    }

    @Test
    void anUnknownTokenizerIsRefusedWithTheChoice() {
        Outcome outcome = train(dir.resolve("run"), "--tokenizer", "letters");
        assertEquals(2, outcome.exitCode());
        assertTrue(outcome.err().contains("word, char or byte"), outcome.err());
    }

    @Test
    void aVocabularyOfTwoTokensIsRefused() {
        Outcome outcome = train(dir.resolve("run"), "--vocab-size", 2);
        assertEquals(1, outcome.exitCode());
        assertTrue(outcome.err().startsWith("gatun train: --vocab-size must be at least 3"), outcome.err());
    }
}
