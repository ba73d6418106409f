package dev.gatun.lm;

/** The kind of a model's recurrent layers. The equations are cuDNN's and PyTorch's; {@link dev.gatun.cudnn.RnnDescriptor} has them. */
public enum Cell {
    /** Long short-term memory: gates i, f, g, o, and a cell state besides the hidden one. */
    LSTM("lstm", 4),

    /** Gated recurrent unit: gates r, z, n. */
    GRU("gru", 3);

    private final String module;
    private final int gates;

    Cell(String module, int gates) {
        this.module = module;
        this.gates = gates;
    }

    /** Returns what the names of its tensors begin with: that of the attribute of a PyTorch module, {@code lstm} or {@code gru}. */
    public String module() {
        return module;
    }

    /** Returns {@link #module}. */
    @Override
    public String toString() {
        return module;
    }

    /** Returns the number of gates, the candidate among them. */
    public int gates() {
        return gates;
    }
}
