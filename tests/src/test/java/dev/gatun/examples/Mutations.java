package dev.gatun.examples;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damages files: cut short, flipped, shuffled, and with numbers that overflow where a reader trusts them. */
final class Mutations {
    private static final long[] LENGTHS = {0, 1, 7, 8, 255, 1 << 20, Integer.MAX_VALUE, 1L << 31, 1L << 32, 1L << 40, Long.MAX_VALUE,
        Long.MAX_VALUE - 7, Long.MIN_VALUE, -1, -8, 100_000_001};
    private static final List<String> NUMBERS = List.of("0", "1", "-1", "3", "4294967296", "2147483648", "9223372036854775807",
        "9223372036854775808", "1e9", "1e999", "NaN", "00", "", "null", "[]", "{}", "\"x\"", "4611686018427387904");
    private static final byte[] BRACKETS = "[[[[[{\"a\":".getBytes(StandardCharsets.UTF_8);

    private final Random random;

    Mutations(long seed) {
        random = new Random(seed);
    }

    /** Returns a damaged copy of {@code bytes}; {@code other} is a file whose parts may be put in. */
    byte[] of(byte[] bytes, byte[] other) {
        byte[] mutated = bytes.clone();
        for (int i = random.nextInt(3); i >= 0; i--) {
            mutated = once(mutated, other);
        }
        return mutated;
    }

    private byte[] once(byte[] bytes, byte[] other) {
        if (bytes.length == 0) {
            return other.clone();
        }
        int at = random.nextInt(bytes.length);
        int length = random.nextInt(Math.min(64, bytes.length - at) + 1);
        return switch (random.nextInt(10)) {
            case 0 -> flipped(bytes, at);
            case 1 -> spliced(bytes, at, 1, new byte[] {(byte) random.nextInt(256)});
            case 2 -> Arrays.copyOf(bytes, at);
            case 3 -> spliced(bytes, at, length, new byte[0]);
            case 4 -> spliced(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + length));
            case 5 -> withLength(bytes, random.nextBoolean() ? 0 : at);
            case 6, 7 -> withNumber(bytes, at);
            case 8 -> spliced(bytes, at, length, part(other));
            default -> spliced(bytes, at, 0, repeated(BRACKETS, 1 + random.nextInt(300)));
        };
    }

    private static byte[] flipped(byte[] bytes, int at) {
        byte[] flipped = bytes.clone();
        flipped[at] ^= (byte) (1 << at % 8);
        return flipped;
    }

    private byte[] withLength(byte[] bytes, int at) {
        byte[] length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(LENGTHS[random.nextInt(LENGTHS.length)]).array();
        return spliced(bytes, at, Math.min(8, bytes.length - at), length);
    }

    /** Puts another number in the place of the first one at or behind a byte. */
    private byte[] withNumber(byte[] bytes, int from) {
        int begin = from;
        while (begin < bytes.length && !isDigit(bytes[begin])) {
            begin++;
        }
        int end = begin;
        while (end < bytes.length && isDigit(bytes[end])) {
            end++;
        }
        return spliced(bytes, begin, end - begin, NUMBERS.get(random.nextInt(NUMBERS.size())).getBytes(StandardCharsets.UTF_8));
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    private byte[] part(byte[] other) {
        int at = random.nextInt(other.length);
        return Arrays.copyOfRange(other, at, at + random.nextInt(Math.min(64, other.length - at) + 1));
    }

    private static byte[] repeated(byte[] bytes, int times) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < times; i++) {
            all.writeBytes(bytes);
        }
        return all.toByteArray();
    }

    private static byte[] spliced(byte[] bytes, int at, int removed, byte[] added) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(bytes, 0, at);
        all.writeBytes(added);
        all.write(bytes, at + removed, bytes.length - at - removed);
        return all.toByteArray();
    }
}
