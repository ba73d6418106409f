package dev.gatun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Tokenizer;
import dev.gatun.lm.text.Vocabulary;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlossesTest {
    private static final int GLOSSES = 117_791; // the lines of the four data files, without their licences

    private static Corpus corpus;

    @BeforeAll
    static void readCorpus() throws IOException {
        corpus = read();
    }

    private static Corpus read() throws IOException {
        TextOptions words = new TextOptions();
        words.tokenizer = Tokenizer.WORD;
        words.minCount = 1;
        return Corpus.read(null, null, null, words);
    }

    @AfterAll
    static void closeCorpus() {
        corpus.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '_', value = {
        "Don't stop; it's (well-known)  | don't stop ; it's ( well - known )",
        "\"the team's dogs' food\"      | \" the team's dogs ' food \"",
        "1,500  km                      | 1 , 500 km",
        "rock 'n' roll                  | rock ' n ' roll",
    })
    void wordsAreLowerCasedAndPunctuationIsSplitOff(String text, String tokens) {
        assertEquals(tokens, Glosses.tokenise(text));
    }

    @Test
    void theCorpusHasTenThousandWordsAndEveryTwentiethGlossHeldOut() {
        Vocabulary vocabulary = corpus.vocabulary();
        assertEquals(10_000 + 2, vocabulary.size(), "the words kept, <unk> and <eos>");
        assertEquals(GLOSSES / 20, lines(corpus.valid(), vocabulary));
        assertEquals(GLOSSES - GLOSSES / 20, lines(corpus.train(), vocabulary));
        int unknown = vocabulary.idOf(Vocabulary.UNKNOWN).orElseThrow();
        // Counted apart from this code: 7.6 % of held-out words; which glosses are held out moves that by a few tenths.
        assertEquals(0.076, count(corpus.valid(), unknown) / (double) corpus.valid().size(), 0.005);
    }

    @Test
    void theCorpusIsTheSameEachTime() throws IOException {
        try (Corpus again = read()) {
            assertEquals(corpus.vocabulary().words(), again.vocabulary().words());
            assertEquals(-1, corpus.train().ids().mismatch(again.train().ids()));
            assertEquals(-1, corpus.valid().ids().mismatch(again.valid().ids()));
        }
    }

    @Test
    void theLicenceThatTheDataCarryIsKept() throws IOException {
        String[] licence = text(Glosses.class.getResourceAsStream("WORDNET-LICENSE.txt")).split("\\s+");
        InputStream data = Glosses.class.getClassLoader().getResourceAsStream("net/sf/extjwnl/data/wordnet/wn31/data.adv");
        String head = text(data).lines().takeWhile(line -> line.startsWith("  "))
                .map(line -> line.strip().replaceFirst("^\\d+ ?", "")).reduce("", (a, b) -> a + " " + b);
        assertEquals(Arrays.asList(head.strip().split("\\s+")), Arrays.asList(licence));
    }

    private static String text(InputStream resource) throws IOException {
        try (resource) {
            return new String(resource.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static long lines(TokenStream text, Vocabulary vocabulary) {
        return count(text, vocabulary.idOf(Vocabulary.EOS).orElseThrow());
    }

    private static long count(TokenStream text, int id) {
        long count = 0;
        for (long i = 0; i < text.size(); i++) {
            count += text.id(i) == id ? 1 : 0;
        }
        return count;
    }
}
