package dev.gatun.tests.ptx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Takes a module's text apart into kernels, and a kernel's body into declarations, labels and instructions. */
final class PtxParser {
    private static final Pattern COMMENT = Pattern.compile("//[^\n]*|/\\*.*?\\*/", Pattern.DOTALL);
    private static final Pattern HEADER =
            Pattern.compile("\\s*\\.version\\s+(\\d+\\.\\d+)\\s+\\.target\\s+\\w+\\s+\\.address_size\\s+64\\s*");
    private static final Pattern ENTRY = Pattern.compile(
            "\\.visible\\s+\\.entry\\s+([\\w$]+)\\s*\\(([^)]*)\\)\\s*(?:\\.maxntid\\s+(\\d+)\\s*,\\s*1\\s*,\\s*1\\s*)?\\{");
    private static final Pattern PARAMETER = Pattern.compile("\\s*\\.param\\s+\\.([us]32|[us]64|f32|f64)\\s+([\\w$]+)\\s*");
    private static final Pattern LABEL = Pattern.compile("\\s*([$\\w]+)\\s*:");
    private static final int MAX_THREADS = 1024;

    private final String text;
    private final int[] lineEnds;

    PtxParser(String ptx) {
        // Comments become spaces, so that lines keep their numbers.
        text = COMMENT.matcher(ptx).replaceAll(comment -> comment.group().replaceAll("[^\n]", " "));
        lineEnds = IntStream.range(0, text.length()).filter(i -> text.charAt(i) == '\n').toArray();
    }

    PtxModule module() {
        Matcher header = HEADER.matcher(text);
        if (!header.lookingAt()) {
            throw new PtxException(1, "expected .version, .target and .address_size 64");
        }
        Map<String, Kernel> kernels = new LinkedHashMap<>();
        Matcher entry = ENTRY.matcher(text);
        for (int position = header.end(); position < text.length(); ) {
            if (!entry.region(position, text.length()).lookingAt()) {
                throw new PtxException(line(position), "expected '.visible .entry name(parameters) {'");
            }
            int end = closingBrace(entry.end());
            Kernel kernel = kernel(entry, end);
            kernels.put(kernel.name(), kernel);
            position = end + 1;
            while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
                position++;
            }
        }
        return new PtxModule(kernels);
    }

    /** Returns where the brace is closed that stands before a position. */
    private int closingBrace(int position) {
        int depth = 1;
        for (int i = position; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw new PtxException(line(position), "the kernel's body is not closed");
    }

    private Kernel kernel(Matcher entry, int end) {
        int maxThreads = entry.group(3) == null ? MAX_THREADS : Integer.parseInt(entry.group(3));
        KernelBuilder builder = new KernelBuilder(entry.group(1), parameters(entry), maxThreads);
        Matcher label = LABEL.matcher(text);
        for (int start = entry.end(); !isBlank(start, end); ) {
            if (label.region(start, end).lookingAt()) {
                builder.label(label.group(1));
                start = label.end();
                continue;
            }
            int semicolon = text.indexOf(';', start);
            if (semicolon < 0 || semicolon > end) {
                throw new PtxException(line(end), "expected ';'");
            }
            builder.statement(text.substring(start, semicolon).strip().replaceAll("\\s+", " "), line(semicolon));
            start = semicolon + 1;
        }
        return builder.build();
    }

    private Map<String, String> parameters(Matcher entry) {
        Map<String, String> parameters = new LinkedHashMap<>();
        List<String> declarations = entry.group(2).isBlank() ? List.of() : List.of(entry.group(2).split(","));
        for (String declaration : declarations) {
            Matcher parameter = PARAMETER.matcher(declaration);
            if (!parameter.matches()) {
                throw new PtxException(line(entry.start(2)), "expected a scalar parameter: " + declaration.strip());
            }
            parameters.put(parameter.group(2), parameter.group(1));
        }
        return parameters;
    }

    private boolean isBlank(int start, int end) {
        return IntStream.range(start, end).allMatch(i -> Character.isWhitespace(text.charAt(i)));
    }

    private int line(int position) {
        int found = Arrays.binarySearch(lineEnds, position);
        return 1 + (found < 0 ? -found - 1 : found);
    }

    /** Splits operands at the commas outside braces and brackets. */
    static List<String> operands(String list) {
        List<String> operands = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i < list.length(); i++) {
            char c = list.charAt(i);
            depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
            if (c == ',' && depth == 0) {
                operands.add(list.substring(start, i).strip());
                start = i + 1;
            }
        }
        operands.add(list.substring(start).strip());
        return operands;
    }
}
