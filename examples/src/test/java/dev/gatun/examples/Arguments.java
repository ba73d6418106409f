package dev.gatun.examples;

import java.util.ArrayList;
import java.util.List;

/** Arguments of a command: options and values in turns. */
final class Arguments {
    private Arguments() {}

    /** Returns arguments with further options, which replace those of the same name. */
    static Object[] with(List<Object> arguments, Object... more) {
        List<Object> all = new ArrayList<>(arguments);
        for (int i = 0; i < more.length; i += 2) {
            int at = all.indexOf(more[i]);
            if (at >= 0) {
                all.set(at + 1, more[i + 1]);
            } else {
                all.addAll(List.of(more[i], more[i + 1]));
            }
        }
        return all.toArray();
    }
}
