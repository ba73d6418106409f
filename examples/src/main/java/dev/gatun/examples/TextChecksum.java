package dev.gatun.examples;

import dev.gatun.lm.text.TokenStream;
import dev.gatun.lm.text.Vocabulary;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/** Checksums by which a run that goes on finds that its texts are still the same. */
final class TextChecksum {
    private static final long CHUNK = 1 << 30;

    private TextChecksum() {}

    /** Returns the CRC-32C of a text's ids in hexadecimal, or null for no text. */
    static String of(TokenStream text) {
        if (text == null) {
            return null;
        }
        CRC32C crc = new CRC32C();
        MemorySegment ids = text.ids();
        for (long at = 0; at < ids.byteSize(); at += CHUNK) {
            crc.update(ids.asSlice(at, Math.min(CHUNK, ids.byteSize() - at)).asByteBuffer());
        }
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    /** Returns the CRC-32C of the words in the order of their ids, in hexadecimal. */
    static String of(Vocabulary vocabulary) {
        CRC32C crc = new CRC32C();
        for (String word : vocabulary.words()) {
            crc.update((word + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }
}
