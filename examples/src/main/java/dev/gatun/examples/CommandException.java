package dev.gatun.examples;

/** Work that cannot be done as asked; the message is for people, and is all that they see. */
public final class CommandException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a message for people. */
    public CommandException(String message) {
        super(message);
    }
}
