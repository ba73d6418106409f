package dev.gatun.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The entries of a PTX text and the types of their parameters: all that launching a kernel needs of it. */
record PtxModule(Map<String, List<PtxModule.Parameter>> entries) {
    private static final Pattern COMMENT = Pattern.compile("//[^\n]*|/\\*.*?\\*/", Pattern.DOTALL);
    private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+([A-Za-z_$%][\\w$]*)\\s*(?:\\(([^)]*)\\))?");
    private static final Pattern PARAMETER = Pattern.compile("\\.param\\s+(?:\\.align\\s+\\d+\\s+)?\\.([busf]\\d+)\\b.*");

    /** A scalar parameter; read at every launch, so that its type is taken apart once. */
    record Parameter(String type, int bytes, boolean isFloat) {
        /** Reads a PTX type, such as {@code u64} or {@code f32}. */
        static Parameter of(String type) {
            return new Parameter(type, Integer.parseInt(type.substring(1)) / 8, type.charAt(0) == 'f');
        }
    }

    static PtxModule parse(String text) {
        String source = COMMENT.matcher(text).replaceAll(" ");
        if (!source.contains(".version") || !source.contains(".target")) {
            throw new Fault(Fault.Kind.INVALID_IMAGE, "the module is not PTX: it has no .version or .target");
        }
        Map<String, List<Parameter>> entries = new LinkedHashMap<>();
        Matcher entry = ENTRY.matcher(source);
        while (entry.find()) {
            entries.put(entry.group(1), parameters(entry.group(1), entry.group(2)));
        }
        return new PtxModule(Map.copyOf(entries));
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
