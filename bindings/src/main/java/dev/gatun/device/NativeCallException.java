package dev.gatun.device;

/** A C function of one of NVIDIA's libraries returned a status that is not success. */
public abstract class NativeCallException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The C function. */
    private final String function;

    /** What it returned. */
    private final int status;

    /** The library's name of that. */
    private final String statusName;

    /**
     * Makes an exception whose message says all of this, and what the device adds in words.
     *
     * @param function the C function
     * @param status the number it returned
     * @param statusName the library's name of that number
     * @param text the library's own text; may be empty
     * @param arguments the arguments that matter (sizes, shapes); may be empty
     */
    protected NativeCallException(String function, int status, String statusName, String text, String arguments) {
        super(message(function, status, statusName, text, arguments));
        this.function = function;
        this.status = status;
        this.statusName = statusName;
    }

    private static String message(String function, int status, String statusName, String text, String arguments) {
        StringBuilder message = new StringBuilder(function);
        if (!arguments.isEmpty()) {
            message.append('(').append(arguments).append(')');
        }
        message.append(" returned ").append(statusName).append(" (").append(status).append(')');
        String explanation = Device.current().explainLastFailure();
        for (String part : new String[] {text, explanation}) {
            if (!part.isBlank()) {
                message.append(": ").append(part.strip());
            }
        }
        return message.toString();
    }

    /** Returns the name of the C function that failed. */
    public String function() {
        return function;
    }

    /** Returns the status as the function returned it. */
    public int status() {
        return status;
    }

    /** Returns the library's name for the status, for example {@code CUBLAS_STATUS_INVALID_VALUE}. */
    public String statusName() {
        return statusName;
    }
}
