package dev.gatun.host;

/** Where the program made something: the stack of the call, for leak reports. */
final class Origin extends Throwable {
    private static final long serialVersionUID = 1L;

    Origin(String function) {
        super(function);
    }

    /** Returns the C function and the program's part of the stack, from the generated binding outwards. */
    String describe() {
        StringBuilder text = new StringBuilder(", made by ").append(getMessage());
        boolean program = false;
        for (StackTraceElement frame : getStackTrace()) {
            program |= frame.getClassName().startsWith("dev.gatun.generated.");
            if (program) {
                text.append("\n    at ").append(frame);
            }
        }
        return text.toString();
    }
}
