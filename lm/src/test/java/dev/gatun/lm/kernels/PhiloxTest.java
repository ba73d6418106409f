package dev.gatun.lm.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PhiloxTest {
    /** The known answers that the authors' Random123 library publishes for philox4x32 with ten rounds. */
    @Test
    void givesThePublishedAnswers() {
        assertEquals(0x6627e8d5, Philox.firstWord(0, 0, 0, 0, 0));
        assertEquals(0x408f276d, Philox.firstWord(-1, -1, -1, -1, -1));
        assertEquals(0xd16cfe09, Philox.firstWord(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0x299f31d0_a4093822L));
    }
}
