package dev.gatun.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    private static final TensorInfo A = TensorInfo.of("a", 2, 3);
    private static final TensorInfo B = TensorInfo.of("b \"\\\u00e9\n", 2);

    @TempDir
    Path dir;

    private static void count(TensorInfo tensor, MemorySegment values) {
        for (long i = 0; i < tensor.elements(); i++) {
            values.setAtIndex(ValueLayout.JAVA_FLOAT, i, tensor.name().length() + i);
        }
    }

    private Path file(String header, int dataBytes) throws IOException {
        return file(header.getBytes(StandardCharsets.UTF_8), dataBytes);
    }

    private Path file(byte[] header, int dataBytes) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        return Files.write(dir.resolve("file"), bytes.putLong(header.length).put(header).array());
    }

    private static SafetensorsException refused(Path file) {
        return assertThrows(SafetensorsException.class, () -> Safetensors.open(file).close());
    }

    @Test
    void whatIsWrittenIsReadBack() throws IOException {
        Path file = dir.resolve("model.safetensors");
        TensorInfo empty = TensorInfo.of("empty", 0, 7);
        TensorInfo single = TensorInfo.of("single");
        List<TensorInfo> tensors = List.of(A, empty, B, single);
        Safetensors.write(file, Map.of("format", "pt"), tensors, SafetensorsTest::count);
        try (Safetensors read = Safetensors.open(file)) {
            assertEquals(Map.of("format", "pt"), read.metadata());
            assertEquals(tensors, List.copyOf(read.tensors().values()));
            float[] a = read.values(A).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            assertEquals("[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]", Arrays.toString(a));
            assertEquals(8, read.values(B).byteSize());
            assertEquals(0, read.values(empty).byteSize());
            assertEquals(6, read.values(single).get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0));
            assertTrue(read.values(A).isReadOnly());
        }
    }

    @Test
    void theFileHasTheBytesThatTheFormatPrescribes() throws IOException {
        Path file = dir.resolve("model.safetensors");
        Safetensors.write(file, Map.of(), List.of(TensorInfo.of("x", 1)), SafetensorsTest::count);
        String header = "{\"__metadata__\":{},\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(72, bytes.getLong());
        byte[] text = new byte[72];
        bytes.get(text);
        assertEquals(header, new String(text, StandardCharsets.UTF_8).stripTrailing());
        assertEquals(1f, bytes.getFloat());
        assertEquals(0, bytes.remaining());
    }

    @Test
    void aFailedWriteLeavesTheOldFileAndNothingElse() throws IOException {
        Path file = Files.writeString(dir.resolve("model.safetensors"), "old");
        assertThrows(IllegalStateException.class, () -> Safetensors.write(file, Map.of(), List.of(A), (tensor, values) -> {
            throw new IllegalStateException("no values");
        }));
        assertEquals("old", Files.readString(file));
        try (Stream<Path> files = Files.list(dir)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void twoTensorsOfOneNameAreNotWritten() {
        assertThrows(IllegalArgumentException.class,
                () -> Safetensors.write(dir.resolve("f"), Map.of(), List.of(A, A), SafetensorsTest::count));
    }

    @Test
    void anExpectedTensorIsFoundByNameAndShape() throws IOException {
        Path file = dir.resolve("model.safetensors");
        Safetensors.write(file, Map.of(), List.of(A), SafetensorsTest::count);
        try (Safetensors read = Safetensors.open(file)) {
            String shape = assertThrows(SafetensorsException.class, () -> read.values(TensorInfo.of("a", 3, 2))).getMessage();
            assertTrue(shape.endsWith("expected tensor a [3][2], found a [2][3]"), shape);
            String name = assertThrows(SafetensorsException.class, () -> read.values(TensorInfo.of("c", 1))).getMessage();
            assertTrue(name.endsWith("no tensor 'c'; expected c [1], the file holds [a [2][3]]"), name);
        }
    }

    @Test
    void anyOrderOfTensorsAndAnyBlanksBetweenTokensAreRead() throws IOException {
        Path file = file("{ \"b\" : {\"data_offsets\":[4,12],\n\"shape\": [ 2 , 1 ],\"dtype\":\"F32\"} ,\t"
                + "\"\\u0061\\/\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}   ", 12);
        try (Safetensors read = Safetensors.open(file)) {
            assertEquals(List.of(TensorInfo.of("a/"), TensorInfo.of("b", 2, 1)), List.copyOf(read.tensors().values()));
        }
    }

    /** The header alone decides: 8 bytes of data follow each. {@code x} stands for a well-formed entry of those 8 bytes. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            ``                                                                      | must begin with '{'
            [1]                                                                     | must begin with '{'
            ` {"t":x}`                                                              | must begin with '{'
            {"t":x                                                                  | '}' expected
            {"t":x}}                                                                | the end expected
            {"t":x,}                                                                | '"' expected
            {"t" x}                                                                 | ':' expected
            {t:x}                                                                   | '"' expected
            {"t                                                                     | ends inside a string
            {"\\q":x}                                                               | unknown escape
            {"\\u12g4":x}                                                           | hexadecimal
            {"t":x,"t":x}                                                           | the key 't' for the second time
            {"t":[]}                                                                | '{' expected
            {"t":{}}                                                                | needs dtype, shape and two data_offsets
            {"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":[1]}}       | unknown key 'more'
            {"t":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}    | the key 'dtype' for the second time
            {"t":{"dtype":"F32","shape":[2],"data_offsets":[0]}}                    | two data_offsets
            {"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}                | two data_offsets
            {"t":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}                  | tensor 't' is of type F64, expected F32
            {"t":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}                      | '"' expected
            {"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}                 | whole number
            {"t":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}                | ']' expected
            {"t":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}                 | whole number
            {"t":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}                | ']' expected
            {"t":{"dtype":"F32","shape":[2,],"data_offsets":[0,8]}}                 | whole number
            {"t":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}} | whole number
            {"t":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}} | larger than any memory
            {"t":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}                  | takes 12 bytes, its data_offsets [0, 8] span 8
            {"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}                  | its data_offsets [8, 0] span -8
            {"t":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}                 | ends at byte 12 of the data, but the file holds 8
            {"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | the tensors end at byte 4 of the data, but the file holds 8
            {"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}                  | begins at byte 4 of the data, expected 0
            {"t":x,"u":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}            | begins at byte 4 of the data, expected 8
            {"t":x,"u":x}                                                           | begins at byte 0 of the data, expected 8
            {"__metadata__":{"k":1},"t":x}                                          | '"' expected
            {"__metadata__":[],"t":x}                                               | '{' expected
            """)
    void aHeaderThatBreaksTheFormatIsRefusedInWords(String header, String message) throws IOException {
        String entry = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
        String found = refused(file(header.replace("x", entry), 8)).getMessage();
        assertTrue(found.startsWith(dir.resolve("file") + ": ") && found.contains(message), found);
    }

    @ParameterizedTest
    @CsvSource({"-1", "9", "9223372036854775807", "-9223372036854775808"})
    void aHeaderLongerThanTheFileIsRefused(long length) throws IOException {
        byte[] bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put("{}".getBytes()).array();
        String found = refused(Files.write(dir.resolve("file"), bytes)).getMessage();
        assertTrue(found.contains(Long.toUnsignedString(length) + " bytes, but only 8 bytes follow"), found);
    }

    @Test
    void aFileTooShortForALengthIsRefused() throws IOException {
        String found = refused(Files.write(dir.resolve("file"), new byte[7])).getMessage();
        assertTrue(found.contains("it has 7 bytes, expected at least 8"), found);
    }

    @Test
    void aHeaderThatIsNotUtf8OrHoldsControlCharactersIsRefused() throws IOException {
        assertTrue(refused(file(new byte[] {'{', '"', (byte) 0xff, '"'}, 0)).getMessage().contains("not UTF-8"));
        assertTrue(refused(file("{\"a\u0001\"", 0)).getMessage().contains("control character"));
    }

    @Test
    void anyPrefixOfAFileIsRefused() throws IOException {
        Path file = dir.resolve("whole");
        Safetensors.write(file, Map.of("k", "v"), List.of(A, B), SafetensorsTest::count);
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            refused(Files.write(dir.resolve("file"), Arrays.copyOf(whole, length)));
        }
    }
}
