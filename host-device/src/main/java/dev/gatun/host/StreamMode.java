package dev.gatun.host;

/** When the software device does the work that is enqueued on a stream; {@code -Dgatun.streams} chooses. */
enum StreamMode {
    /** During the call: every rule of ordering holds, and nothing is queued. */
    INLINE,

    /** As soon as the worker thread comes to it. */
    ASYNC,

    /** When something waits for it, and no sooner: a missing wait always shows, in the same way. */
    LAZY;

    /**
     * Reads the property.
     *
     * @param checked whether the checked mode is on, which is lazy unless the property says otherwise
     * @throws IllegalArgumentException if it names no mode
     */
    static StreamMode chosen(String property, boolean checked) {
        return switch (property) {
            case "" -> checked ? LAZY : INLINE;
            case "inline" -> INLINE;
            case "async" -> ASYNC;
            case "lazy" -> LAZY;
            default -> throw new IllegalArgumentException("-Dgatun.streams=" + property + ": expected inline, async or lazy");
        };
    }
}
