package dev.gatun.lm;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a safetensors header says, checked against the length of the data that follows it.
 *
 * @param metadata free text by key
 * @param entries the tensors in the order of their values: each begins where the one before it ends
 */
record SafetensorsHeader(Map<String, String> metadata, List<Entry> entries) {
    private static final String METADATA = "__metadata__";

    /** A tensor, and where its values begin, in bytes from the end of the header. */
    record Entry(TensorInfo tensor, long begin) {
        long end() {
            return begin + tensor.byteSize();
        }
    }

    /** Reads a header; {@code file} is for messages alone. */
    static SafetensorsHeader parse(Path file, MemorySegment header, long dataBytes) throws SafetensorsException {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(header.asByteBuffer()).toString();
        } catch (CharacterCodingException e) {
            throw new SafetensorsException(file + ": the header is not UTF-8 text");
        }
        if (!text.startsWith("{")) {
            throw new SafetensorsException(file + ": the header must begin with '{', it begins with '"
                    + text.substring(0, Math.min(10, text.length())) + "'");
        }
        JsonReader json = new JsonReader(file + ": bad JSON in the header", text);
        Map<String, String> metadata = new LinkedHashMap<>();
        List<Entry> entries = new ArrayList<>();
        json.object(name -> {
            if (name.equals(METADATA)) {
                json.object(key -> metadata.put(key, json.string()));
            } else {
                entries.add(entry(file, name, json));
            }
        });
        json.end();
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        checkPlaces(file, entries, dataBytes);
        return new SafetensorsHeader(metadata, entries);
    }

    private static Entry entry(Path file, String name, JsonReader json) throws SafetensorsException {
        List<String> types = new ArrayList<>();
        List<Long> shape = new ArrayList<>();
        List<Long> offsets = new ArrayList<>();
        Set<String> keys = new HashSet<>();
        json.object(key -> {
            keys.add(key);
            switch (key) {
                case "dtype" -> types.add(json.string());
                case "shape" -> json.integers(shape);
                case "data_offsets" -> json.integers(offsets);
                default -> throw new SafetensorsException(file + ": tensor '" + name + "' has the unknown key '" + key + "'");
            }
        });
        if (keys.size() < 3 || offsets.size() != 2) {
            throw new SafetensorsException(file + ": tensor '" + name + "' needs dtype, shape and two data_offsets, it has " + keys
                    + " and offsets " + offsets);
        }
        return placed(file, name, shape, type(file, name, types.getFirst()), offsets.get(0), offsets.get(1));
    }

    private static TensorType type(Path file, String name, String type) throws SafetensorsException {
        for (TensorType known : TensorType.values()) {
            if (known.name().equals(type)) {
                return known;
            }
        }
        throw new SafetensorsException(file + ": tensor '" + name + "' is of type " + type + ", expected F32 or U8; "
                + "convert it to 32-bit floats first");
    }

    private static Entry placed(Path file, String name, List<Long> shape, TensorType type, long begin, long end)
            throws SafetensorsException {
        TensorInfo tensor;
        try {
            tensor = new TensorInfo(name, shape, type);
        } catch (IllegalArgumentException e) {
            throw new SafetensorsException(file + ": " + e.getMessage());
        }
        if (end < begin || end - begin != tensor.byteSize()) {
            throw new SafetensorsException(file + ": tensor " + tensor + " takes " + tensor.byteSize() + " bytes, its data_offsets ["
                    + begin + ", " + end + "] span " + (end - begin));
        }
        return new Entry(tensor, begin);
    }

    /** The format allows no overlap, no hole and nothing after the last tensor. */
    private static void checkPlaces(Path file, List<Entry> entries, long dataBytes) throws SafetensorsException {
        long expected = 0;
        for (Entry entry : entries) {
            if (entry.end() > dataBytes) {
                throw new SafetensorsException(file + ": tensor " + entry.tensor() + " ends at byte " + entry.end()
                        + " of the data, but the file holds " + dataBytes + "; it may have been cut short");
            }
            if (entry.begin() != expected) {
                throw new SafetensorsException(file + ": tensor " + entry.tensor() + " begins at byte " + entry.begin()
                        + " of the data, expected " + expected + ", where the tensor before it ends");
            }
            expected = entry.end();
        }
        if (expected != dataBytes) {
            throw new SafetensorsException(file + ": the tensors end at byte " + expected + " of the data, but the file holds "
                    + dataBytes);
        }
    }

    /** Returns a file's first bytes: the header's length and the header, padded with blanks so that the data is 8-byte aligned. */
    static ByteBuffer format(Map<String, String> metadata, List<TensorInfo> tensors) {
        StringBuilder json = new StringBuilder("{\"" + METADATA + "\":{");
        String separator = "";
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
            json.append(separator).append(quoted(entry.getKey())).append(':').append(quoted(entry.getValue()));
            separator = ",";
        }
        json.append('}');
        Set<String> names = new HashSet<>(Set.of(METADATA));
        long begin = 0;
        for (TensorInfo tensor : tensors) {
            Check.that(names.add(tensor.name()), "each tensor needs a name of its own", tensor.name());
            long end = begin + tensor.byteSize();
            json.append(',').append(quoted(tensor.name())).append(":{\"dtype\":\"").append(tensor.type()).append("\",\"shape\":")
                    .append(tensor.shape().toString().replace(" ", "")).append(",\"data_offsets\":[").append(begin).append(',')
                    .append(end).append("]}");
            begin = end;
        }
        byte[] text = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
        int padded = Math.ceilDiv(text.length, Long.BYTES) * Long.BYTES;
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(text);
        while (bytes.hasRemaining()) {
            bytes.put((byte) ' ');
        }
        return bytes.flip();
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }
}
