package dev.gatun.host;

/** A cuDNN descriptor: made empty, set any number of times; what it is set to never changes, so that a graph can keep it. */
class Descriptor<T> {
    private T value;

    T value() {
        return value;
    }

    /** Returns what was set, or what cuDNN reads from a descriptor that never was. */
    T valueOr(T unset) {
        return value == null ? unset : value;
    }

    void set(T value) {
        this.value = value;
    }

    /** Returns what was set, or refuses a descriptor that never was. */
    T required(String function, String argument) {
        if (value == null) {
            throw Fault.invalid(function + ": " + argument + " was created but never set");
        }
        return value;
    }
}
