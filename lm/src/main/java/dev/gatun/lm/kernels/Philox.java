package dev.gatun.lm.kernels;

/**
 * Philox4x32 with ten rounds (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, 2011): a random number
 * is a function of a counter and a key, so that it does not depend on what was drawn before or by whom.
 */
public final class Philox {
    /** How many words a counter gives. */
    public static final int WORDS = 4;

    private static final int ROUNDS = 10;

    private Philox() {}

    /** Returns the first word for the 128-bit counter (c0 lowest) and the 64-bit key. */
    public static int firstWord(int c0, int c1, int c2, int c3, long key) {
        // Four words that never leave this method, so that the compiler keeps them in registers.
        int[] words = new int[WORDS];
        words(c0, c1, c2, c3, key, words, 0);
        return words[0];
    }

    /** Writes the four words for the 128-bit counter (c0 lowest) and the 64-bit key to an array, from an index on. */
    public static void words(int c0, int c1, int c2, int c3, long key, int[] to, int at) {
        int key0 = (int) key;
        int key1 = (int) (key >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = 0xD2511F53L * Integer.toUnsignedLong(c0);
            long product1 = 0xCD9E8D57L * Integer.toUnsignedLong(c2);
            c0 = (int) (product1 >>> 32) ^ c1 ^ key0;
            c1 = (int) product1;
            c2 = (int) (product0 >>> 32) ^ c3 ^ key1;
            c3 = (int) product0;
            key0 += 0x9E3779B9;
            key1 += 0xBB67AE85;
        }
        to[at] = c0;
        to[at + 1] = c1;
        to[at + 2] = c2;
        to[at + 3] = c3;
    }
}
