package dev.gatun.examples;

/** Work that cannot be done as asked; the message is for people, and is all that they see. */
final class CommandException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CommandException(String message) {
        super(message);
    }
}
