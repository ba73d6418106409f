package dev.gatun.examples;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Readers of option values whose range is limited; a wrong value is a usage error that says what was expected. */
final class Numbers {
    private Numbers() {}

    /** A whole number of at least 1. */
    static final class Positive implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 1);
        }
    }

    /** A whole number of at least 0. */
    static final class NotNegative implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 0);
        }
    }

    /** A finite number above 0. */
    static final class PositiveReal implements ITypeConverter<Float> {
        @Override
        public Float convert(String value) {
            return real(value, Float.MIN_VALUE, "a number above 0");
        }
    }

    /** A finite number of at least 0. */
    static final class NotNegativeReal implements ITypeConverter<Float> {
        @Override
        public Float convert(String value) {
            return real(value, 0, "a number of at least 0");
        }
    }

    /** A number above 0 and below 1. */
    static final class Fraction implements ITypeConverter<Float> {
        @Override
        public Float convert(String value) {
            float fraction = real(value, Float.MIN_VALUE, "a number between 0 and 1");
            if (fraction >= 1) {
                throw new TypeConversionException("expected a number between 0 and 1, got '" + value + "'");
            }
            return fraction;
        }
    }

    /** A number of at least 0 and below 1. */
    static final class BelowOne implements ITypeConverter<Float> {
        @Override
        public Float convert(String value) {
            String expected = "a number of at least 0 and below 1";
            float share = real(value, 0, expected);
            if (share >= 1) {
                throw new TypeConversionException("expected " + expected + ", got '" + value + "'");
            }
            return share;
        }
    }

    /** A number above 0 and at most 1. */
    static final class Share implements ITypeConverter<Float> {
        @Override
        public Float convert(String value) {
            String expected = "a number above 0 and at most 1";
            float share = real(value, Float.MIN_VALUE, expected);
            if (share > 1) {
                throw new TypeConversionException("expected " + expected + ", got '" + value + "'");
            }
            return share;
        }
    }

    private static int whole(String text, int least) {
        try {
            int value = Integer.parseInt(text);
            if (value >= least) {
                return value;
            }
        } catch (NumberFormatException e) {
            // falls through to the one message
        }
        throw new TypeConversionException("expected a whole number from " + least + " to " + Integer.MAX_VALUE + ", got '" + text + "'");
    }

    private static float real(String text, float least, String expected) {
        try {
            float value = Float.parseFloat(text);
            if (value >= least && value < Float.POSITIVE_INFINITY) {
                return value;
            }
        } catch (NumberFormatException e) {
            // falls through to the one message
        }
        throw new TypeConversionException("expected " + expected + ", got '" + text + "'");
    }
}
