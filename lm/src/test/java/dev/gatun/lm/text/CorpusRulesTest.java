package dev.gatun.lm.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CorpusRulesTest {
    @TempDir
    Path dir;

    private Path text(String content) throws IOException {
        return Files.writeString(dir.resolve("text.txt"), content);
    }

    private static int[] ids(TokenStream stream) {
        return stream.ids().toArray(ValueLayout.JAVA_INT);
    }

    @Test
    void wordsGetIdsInOrderOfFirstAppearanceAndEveryLineEndsWithEos() throws IOException {
        Vocabulary vocabulary = new Vocabulary();
        try (TokenStream stream = TokenStream.readAdding(text(" the  cat\tsat \n\nthe dog"), vocabulary)) {
            assertEquals(List.of("the", "cat", "sat", "<eos>", "dog"), vocabulary.words());
            assertEquals(List.of(0, 1, 2, 3, 3, 0, 4, 3), java.util.Arrays.stream(ids(stream)).boxed().toList());
        }
    }

    @Test
    void linesInMemoryFollowTheSameRules() throws IOException {
        Vocabulary vocabulary = new Vocabulary();
        try (TokenStream stream = TokenStream.readAdding(Text.ofLines(List.of("b a", "", "a")), vocabulary)) {
            assertEquals(List.of("b", "a", "<eos>"), vocabulary.words());
            assertEquals(List.of(0, 1, 2, 2, 1, 2), java.util.Arrays.stream(ids(stream)).boxed().toList());
        }
    }

    @Test
    void aLongTextIsReadWhole() throws IOException {
        Vocabulary vocabulary = new Vocabulary();
        try (TokenStream stream = TokenStream.readAdding(text("a b c\n".repeat(50_000)), vocabulary)) {
            assertEquals(200_000, stream.size());
            assertEquals(2, stream.id(199_998));
            assertEquals(3, stream.id(199_999));
        }
    }

    @Test
    void anUnknownWordBecomesUnkAndIsCountedAsThoseOfTheText() throws IOException {
        try (TokenStream stream = TokenStream.readKnown(text("a x <unk>\n"), Vocabulary.of(List.of("<unk>", "a", "<eos>")))) {
            assertEquals(List.of(1, 0, 0, 2), java.util.Arrays.stream(ids(stream)).boxed().toList());
            assertEquals(2, stream.unknown());
        }
    }

    @Test
    void anUnknownWordWithoutUnkIsAnErrorWithWordLineAndFile() throws IOException {
        Path file = text("a\nb\n");
        String message = assertThrows(TextException.class,
                () -> TokenStream.readKnown(file, Vocabulary.of(List.of("a", "<eos>")))).getMessage();
        assertTrue(message.contains("'b'") && message.contains(file + ":2:"), message);
    }

    @Test
    void unusableFilesAreNamed() throws IOException {
        assertThrows(NoSuchFileException.class, () -> TokenStream.readAdding(dir.resolve("none"), new Vocabulary()));
        assertThrows(TextException.class, () -> TokenStream.readAdding(text(""), new Vocabulary()));
        Path binary = Files.write(dir.resolve("binary"), new byte[] {'a', '\n', (byte) 0xff, (byte) 0xfe});
        assertTrue(assertThrows(TextException.class, () -> TokenStream.readAdding(binary, new Vocabulary()))
                .getMessage().contains("UTF-8"));
    }

    @ParameterizedTest
    @CsvSource({"24, 2, 3, 4, 3", "25, 2, 3, 4, 3", "26, 2, 3, 4, 4", "8, 2, 3, 1, 1", "929589, 20, 30, 1549, 1549"})
    void windowsStartBelowRowLengthMinusSeq(int tokens, int batch, int seq, long nominal, long run) throws IOException {
        try (TokenStream stream = TokenStream.readAdding(text("a ".repeat(tokens - 1)), new Vocabulary())) {
            Windows windows = new Windows(stream, batch, seq);
            assertEquals(nominal, windows.nominalCount());
            assertEquals(run, windows.count());
        }
    }

    @Test
    void aWindowIsTimeMajorAndItsTargetsAreShiftedByOne() throws IOException {
        StringBuilder words = new StringBuilder();
        for (int i = 0; i < 19; i++) {
            words.append('w').append(i).append(' ');
        }
        try (TokenStream stream = TokenStream.readAdding(text(words.toString()), new Vocabulary()); Arena arena = Arena.ofConfined()) {
            MemorySegment x = arena.allocate(24);
            MemorySegment y = arena.allocate(24);
            new Windows(stream, 2, 3).copy(1, x, y);
            assertEquals(List.of(3, 13, 4, 14, 5, 15), java.util.Arrays.stream(x.toArray(ValueLayout.JAVA_INT)).boxed().toList());
            assertEquals(List.of(4, 14, 5, 15, 6, 16), java.util.Arrays.stream(y.toArray(ValueLayout.JAVA_INT)).boxed().toList());
        }
    }

    @Test
    void aTextShorterThanOneWindowIsAnError() throws IOException {
        try (TokenStream stream = TokenStream.readAdding(text("a b c"), new Vocabulary())) {
            String message = assertThrows(IllegalArgumentException.class, () -> new Windows(stream, 2, 3)).getMessage();
            assertTrue(message.contains("4 tokens") && message.contains("8"), message);
            assertThrows(IllegalArgumentException.class, () -> new Windows(stream, 0, 3));
            assertThrows(IllegalArgumentException.class, () -> new Windows(stream, 1, -1));
        }
    }

    @Test
    void aVocabularyReadsBackAndRefusesDamage() throws IOException {
        Path file = dir.resolve("vocabulary.txt");
        Vocabulary.of(List.of("b", "a", "é")).write(file);
        assertEquals(List.of("b", "a", "é"), Vocabulary.read(file).words());
        for (String bad : List.of("", "a\n\nb\n", "a\nb\na\n", "a b\n")) {
            Files.writeString(file, bad);
            assertThrows(TextException.class, () -> Vocabulary.read(file), bad);
        }
    }
}
