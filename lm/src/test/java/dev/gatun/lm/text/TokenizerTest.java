package dev.gatun.lm.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    private static final String TEXT = "Zwölf  Boxkämpfer\tjagen 😀\n\n<unk> \\u000a Ende\n";

    @TempDir
    Path dir;

    private static List<String> tokens(Text text, Tokenizer tokenizer) throws IOException {
        List<String> tokens = new ArrayList<>();
        text.scan(tokenizer, (token, line) -> tokens.add(token));
        return tokens;
    }

    private Path file(String content) throws IOException {
        return Files.writeString(dir.resolve("text.txt"), content);
    }

    private static String detokenized(Vocabulary vocabulary, int[] ids) {
        StringBuilder text = new StringBuilder();
        TextWriter writer = new TextWriter(vocabulary, text);
        for (int id : ids) {
            writer.word(id);
        }
        return text.toString();
    }

    @Test
    void wordsAreWhatPythonSplits() throws IOException {
        // 'a\u00a0b\u2003c\u0085d\x1ce\u200bf'.split() in Python 3: a zero-width space parts nothing.
        Text text = Text.ofLines(List.of("a\u00a0b\u2003c\u0085d\u001ce\u200bf"));
        assertEquals(List.of("a", "b", "c", "d", "e\u200bf", "<eos>"), tokens(text, Tokenizer.WORD));
    }

    @Test
    void charactersAreCodePointsAndALineEndIsOne() throws IOException {
        assertEquals(List.of("a", " ", "é", "😀", "\n", "\n", "b", "\n"), tokens(Text.of(file("a é😀\r\n\nb")), Tokenizer.CHAR));
    }

    @Test
    void bytesAreThoseOfTheFileWhateverTheyAre() throws IOException {
        byte[] bytes = new byte[1000];
        new java.util.Random(1).nextBytes(bytes);
        Path file = Files.write(dir.resolve("bytes"), bytes);
        Vocabulary vocabulary = new Vocabulary(Tokenizer.BYTE);
        try (TokenStream stream = TokenStream.readKnown(file, vocabulary)) {
            assertEquals(256, vocabulary.size());
            assertEquals(1000, stream.size());
            for (int i = 0; i < 1000; i++) {
                assertEquals(bytes[i] & 0xff, stream.id(i));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Tokenizer.class, names = {"CHAR", "BYTE"})
    void charactersAndBytesGiveTheTextBackAsItWas(Tokenizer tokenizer) throws IOException {
        Vocabulary vocabulary = new Vocabulary(tokenizer);
        try (TokenStream stream = TokenStream.readAdding(file(TEXT), vocabulary)) {
            assertEquals(TEXT, detokenized(vocabulary, stream.ids().toArray(ValueLayout.JAVA_INT)));
        }
    }

    @Test
    void wordsComeBackWithOneSpaceBetweenThem() throws IOException {
        Vocabulary vocabulary = new Vocabulary();
        try (TokenStream stream = TokenStream.readAdding(file(TEXT), vocabulary)) {
            assertEquals("Zwölf Boxkämpfer jagen 😀\n\n<unk> \\u000a Ende\n",
                    detokenized(vocabulary, stream.ids().toArray(ValueLayout.JAVA_INT)));
        }
    }

    @Test
    void bytesThatAreNotTextComeOutAsReplacementCharacters() {
        Vocabulary vocabulary = new Vocabulary(Tokenizer.BYTE);
        assertEquals("a\ufffdb", detokenized(vocabulary, new int[] {'a', 0xff, 'b'}));
        assertEquals("\ufffdb", detokenized(vocabulary, new int[] {0xe2, 0x82, 'b'}));
    }

    @ParameterizedTest
    @EnumSource(Tokenizer.class)
    void aPromptIsEncodedAsTheSamePieceOfAText(Tokenizer tokenizer) throws IOException {
        Vocabulary vocabulary = new Vocabulary(tokenizer);
        try (TokenStream stream = TokenStream.readAdding(file("ab é\nab x"), vocabulary)) {
            int[] ids = stream.ids().toArray(ValueLayout.JAVA_INT);
            int[] prompt = vocabulary.encode("ab é\nab");
            assertArrayEquals(java.util.Arrays.copyOf(ids, prompt.length), prompt);
            assertTrue(prompt.length > 3);
        }
    }

    @ParameterizedTest
    @EnumSource(Tokenizer.class)
    void aVocabularyIsReadBackWithItsTokenizer(Tokenizer tokenizer) throws IOException {
        Vocabulary vocabulary = new Vocabulary(tokenizer);
        TokenStream.readAdding(file(TEXT + "\u2028\u0000\ufeff"), vocabulary).close();
        if (tokenizer != Tokenizer.BYTE) {
            vocabulary.add(Vocabulary.UNKNOWN);
        }
        Path file = dir.resolve("vocabulary.txt");
        vocabulary.write(file);
        Vocabulary read = Vocabulary.read(file);
        assertEquals(tokenizer, read.tokenizer());
        assertEquals(vocabulary.words(), read.words());
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokenizer: word\n", "tokenizer: char\nab\n", "tokenizer: char\n\n", "tokenizer: char\n\\u0061\n",
        "tokenizer: char\n\\u00\n", "tokenizer: char\na\na\n", "tokenizer: char\n\t\n", "tokenizer: byte\na\n"})
    void aDamagedVocabularyIsRefusedWithItsLine(String content) throws IOException {
        Path file = file(content);
        String message = assertThrows(TextException.class, () -> Vocabulary.read(file)).getMessage();
        assertTrue(message.matches("(?s).*text\\.txt:[123]: .*"), message);
    }

    @Test
    void aVocabularyThatIsNotTextIsRefused() throws IOException {
        Path file = Files.write(dir.resolve("text.txt"), "a\n\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(assertThrows(TextException.class, () -> Vocabulary.read(file)).getMessage().contains("UTF-8"));
    }

    @Test
    void theMostFrequentTokensAreKeptAndTheRestIsUnknown() throws IOException {
        Text text = Text.ofLines(List.of("b a c a", "a b d", "c e"));
        TokenCounts counts = TokenCounts.of(text, Tokenizer.WORD);
        assertEquals(Set.of("a", "b", "c", "d", "e", "<eos>"), counts.mostFrequent(6, 1));
        assertEquals(Set.of("a", "b", "<eos>", "<unk>"), counts.mostFrequent(4, 1));
        assertEquals(Set.of("a", "b", "c", "<eos>", "<unk>"), counts.mostFrequent(100, 2));
        assertThrows(IllegalArgumentException.class, () -> counts.mostFrequent(2, 1));

        Vocabulary vocabulary = new Vocabulary();
        try (TokenStream stream = TokenStream.readKeeping(text, vocabulary, counts.mostFrequent(4, 1))) {
            assertEquals(List.of("b", "a", "<unk>", "<eos>"), vocabulary.words());
            assertArrayEquals(new int[] {0, 1, 2, 1, 3, 1, 0, 2, 3, 2, 2, 3}, stream.ids().toArray(ValueLayout.JAVA_INT));
            assertEquals(4, stream.unknown());
        }
    }

    @ParameterizedTest
    @EnumSource(Tokenizer.class)
    void theLinesOfATextMayBeParted(Tokenizer tokenizer) throws IOException {
        String content = "a b\n\nc\nd e";
        for (Text text : List.of(Text.of(file(content)), Text.ofLines(content.lines().toList()))) {
            List<String> even = tokens(text.where(line -> line % 2 == 0), tokenizer);
            List<String> odd = tokens(text.where(line -> line % 2 == 1), tokenizer);
            List<String> all = new ArrayList<>(even);
            all.addAll(odd);
            assertEquals(tokens(text, tokenizer).stream().sorted().toList(), all.stream().sorted().toList());
            assertEquals(tokens(Text.ofLines(List.of("a b", "c")), tokenizer), even);
        }
    }

    @Test
    void aLongTextLiesInAFileAndReadsTheSame() throws IOException {
        Vocabulary vocabulary = new Vocabulary();
        Text text = Text.ofLines(java.util.stream.IntStream.range(0, 300_000).mapToObj(Integer::toString).toList());
        try (TokenStream mapped = TokenStream.read(text, vocabulary, 100_000, (token, line) -> vocabulary.add(token));
                TokenStream inMemory = TokenStream.readAdding(text, vocabulary)) {
            assertTrue(mapped.ids().isMapped() && !inMemory.ids().isMapped());
            assertEquals(-1, mapped.ids().mismatch(inMemory.ids()));
            assertEquals(600_000, mapped.size());
        }
    }
}
