package dev.gatun.lm.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8ReaderTest {
    /** Gives no more than a few bytes at a time, so that characters are parted. */
    private static InputStream inPieces(byte[] bytes, long seed) {
        Random random = new Random(seed);
        return new ByteArrayInputStream(bytes) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                return super.read(target, offset, Math.min(length, 1 + random.nextInt(3)));
            }
        };
    }

    private static String read(Utf8Reader reader) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int c = reader.read(); c >= 0; c = reader.read()) {
            text.appendCodePoint(c);
        }
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 1000, 70_000})
    void readsTextOfAnyLengthHoweverItsBytesArrive(int length) throws IOException {
        Random random = new Random(length);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(new String[] {"a", "é", "語", "😀", "\n"}[random.nextInt(5)]);
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        assertEquals(text.toString(), read(new Utf8Reader("text", inPieces(bytes, length))));
        assertEquals(text.toString(), read(new Utf8Reader("text", new ByteArrayInputStream(bytes))));
    }

    @Test
    void everyKindOfLineEndIsOneLineFeed() throws IOException {
        byte[] bytes = "a\r\nb\rc\nd\r\r\n\n".getBytes(StandardCharsets.UTF_8);
        Utf8Reader reader = new Utf8Reader("text", new ByteArrayInputStream(bytes));
        assertEquals("a\nb\nc\nd\n\n\n", read(reader));
        assertEquals(7, reader.line());
    }

    @ParameterizedTest
    @ValueSource(strings = {"ff", "c3", "c328", "eda080", "f8888080", "e28c"})
    void bytesThatAreNotUtf8AreNamedByFileAndLine(String hex) {
        byte[] bad = java.util.HexFormat.of().parseHex(hex);
        // Far beyond a buffer's size, so that the line is counted over many of them.
        byte[] head = "ab\n".repeat(50_000).getBytes(StandardCharsets.UTF_8);
        byte[] bytes = new byte[head.length + 2 + bad.length];
        System.arraycopy(head, 0, bytes, 0, head.length);
        bytes[head.length] = 'x';
        bytes[head.length + 1] = 'y';
        System.arraycopy(bad, 0, bytes, head.length + 2, bad.length);
        Utf8Reader reader = new Utf8Reader("some.txt", new ByteArrayInputStream(bytes));
        String message = assertThrows(TextException.class, () -> read(reader)).getMessage();
        assertTrue(message.startsWith("some.txt:50001:") && message.contains("UTF-8"), message);
    }
}
