package dev.gatun.examples.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;

/** Numbers and names as people read them. */
final class Text {
    private Text() {}

    /** Returns a number with two decimals. */
    static String decimal(double value) {
        return String.format(Locale.ROOT, "%,.2f", value);
    }

    /** Returns a whole number, its thousands apart. */
    static String whole(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** Returns a time as seconds, minutes and seconds, or hours and minutes. */
    static String duration(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + " s";
        }
        return whole < 3600 ? whole / 60 + " min " + whole % 60 + " s" : whole / 3600 + " h " + whole / 60 % 60 + " min";
    }

    /** Returns a key of the configuration as a heading. */
    static String title(String key) {
        return key.isEmpty() ? key : key.substring(0, 1).toUpperCase(Locale.ROOT) + key.substring(1).replace('_', ' ');
    }

    /** Returns the value of an option: no powers of ten, and in words the number that stands for no limit. */
    static String option(JsonNode value) {
        if (value.isInt() && value.asInt() == Integer.MAX_VALUE) {
            return "no limit";
        }
        return value.isNumber() ? value.decimalValue().stripTrailingZeros().toPlainString()
                : value.isValueNode() ? value.asText() : value.toString();
    }
}
