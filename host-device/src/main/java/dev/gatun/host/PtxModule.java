package dev.gatun.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The entries of a PTX text and the types of their parameters: all that launching a kernel needs of it. */
record PtxModule(Map<String, List<PtxModule.Parameter>> entries) {
    private static final String ENTRY_KEYWORD = ".entry";
    private static final Pattern ENTRY = Pattern.compile(ENTRY_KEYWORD + "\\s+([A-Za-z_$%][\\w$]*)\\s*(?:\\(([^)]*)\\))?");
    private static final Pattern PARAMETER = Pattern.compile("\\.param\\s+(?:\\.align\\s+\\d+\\s+)?\\.([busf]\\d+)\\b.*");

    /** A scalar parameter; read at every launch, so that its type is taken apart once. */
    record Parameter(String type, int bytes, boolean isFloat) {
        /** Reads a PTX type, such as {@code u64} or {@code f32}. */
        static Parameter of(String type) {
            return new Parameter(type, Integer.parseInt(type.substring(1)) / 8, type.charAt(0) == 'f');
        }
    }

    static PtxModule parse(String text) {
        String source = withoutComments(text);
        if (!source.contains(".version") || !source.contains(".target")) {
            throw new Fault(Fault.Kind.INVALID_IMAGE, "the module is not PTX: it has no .version or .target");
        }
        Map<String, List<Parameter>> entries = new LinkedHashMap<>();
        Matcher entry = ENTRY.matcher(source);
        // A pattern that searches all of a module of 200 KB takes some 40 ms of a program's start.
        for (int at = source.indexOf(ENTRY_KEYWORD); at >= 0; at = source.indexOf(ENTRY_KEYWORD, at + 1)) {
            if (entry.region(at, source.length()).lookingAt()) {
                entries.put(entry.group(1), parameters(entry.group(1), entry.group(2)));
            }
        }
        return new PtxModule(Map.copyOf(entries));
    }

    /** Returns the text with a space for each comment. */
    private static String withoutComments(String text) {
        StringBuilder source = new StringBuilder(text.length());
        int kept = 0;
        for (int slash = text.indexOf('/'); slash >= 0; slash = text.indexOf('/', Math.max(kept, slash + 1))) {
            int end = endOfComment(text, slash);
            if (end > slash) {
                source.append(text, kept, slash).append(' ');
                kept = end;
            }
        }
        return source.append(text, kept, text.length()).toString();
    }

    /** Returns where the comment that begins at a slash ends, or the slash where none does. */
    private static int endOfComment(String text, int slash) {
        if (text.startsWith("//", slash)) {
            int end = text.indexOf('\n', slash);
            return end < 0 ? text.length() : end;
        }
        int end = text.startsWith("/*", slash) ? text.indexOf("*/", slash + 2) : -1;
        return end < 0 ? slash : end + 2;
    }

    private static List<Parameter> parameters(String entry, String list) {
        List<Parameter> parameters = new ArrayList<>();
        if (list != null && !list.isBlank()) {
            for (String declaration : list.split(",")) {
                Matcher parameter = PARAMETER.matcher(declaration.strip());
                if (!parameter.matches()) {
                    throw new Fault(Fault.Kind.INVALID_IMAGE,
                            "kernel " + entry + ": parameter '" + declaration.strip() + "' is not a scalar");
                }
                parameters.add(Parameter.of(parameter.group(1)));
            }
        }
        return List.copyOf(parameters);
    }
}
