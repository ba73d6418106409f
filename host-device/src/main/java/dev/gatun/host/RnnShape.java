package dev.gatun.host;

/** What {@code cudnnSetRNNDescriptor_v8} sets; the numbers are those of cuDNN's enums. */
record RnnShape(int algorithm, int cell, int bias, int direction, int inputMode, int dataType, int mathPrecision, int mathType,
        int inputSize, int hiddenSize, int projectionSize, int layers, long dropout, int flags) {
    /** The bit of auxFlags that both unpacked layouts need. */
    static final int PADDED_IO = 1;

    private static final int STANDARD = 0;
    private static final int PERSIST_DYNAMIC = 2;
    private static final int LSTM = 2;
    private static final int GRU = 3;
    private static final int DOUBLE_BIAS = 2;
    private static final int FLOAT = 0;
    static final int DOUBLE = 1;
    private static final int HALF = 2;
    private static final int BFLOAT16 = 9;

    /** Checks what cuDNN 9 checks, with the statuses that it was seen to give. */
    RnnShape {
        String function = "cudnnSetRNNDescriptor_v8: ";
        if (algorithm < 0 || algorithm > 3 || cell < 0 || cell > GRU || bias < 0 || bias > 3 || direction < 0 || direction > 1
                || inputMode < 0 || inputMode > 1 || mathType < 0 || mathType > 3) {
            throw Fault.invalid(function + "algo " + algorithm + ", cellMode " + cell + ", biasMode " + bias + ", dirMode " + direction
                    + ", inputMode " + inputMode + " or mathType " + mathType + " is not a value of its enum");
        }
        if (inputSize < 1 || hiddenSize < 1 || layers < 1 || projectionSize < 1) {
            throw Fault.invalid(function + "inputSize " + inputSize + ", hiddenSize " + hiddenSize + ", projSize " + projectionSize
                    + ", numLayers " + layers + ": all must be at least 1 (projSize = hiddenSize means no projection)");
        }
        if ((flags & ~PADDED_IO) != 0) {
            throw Fault.invalid(function + "unknown auxFlags " + flags);
        }
        if (projectionSize > hiddenSize || projectionSize < hiddenSize && (cell != LSTM || algorithm != STANDARD)) {
            throw Fault.notSupported(function + "a projection needs an LSTM, CUDNN_RNN_ALGO_STANDARD and projSize <= hiddenSize");
        }
        boolean supported = switch (dataType) {
            case FLOAT, BFLOAT16 -> mathPrecision == FLOAT;
            case HALF -> mathPrecision == FLOAT || mathPrecision == HALF && algorithm == STANDARD;
            case DOUBLE -> mathPrecision == DOUBLE && (algorithm == STANDARD || algorithm == PERSIST_DYNAMIC);
            default -> false;
        };
        if (!supported) {
            throw Fault.notSupported(function + "dataType " + dataType + " with mathPrec " + mathPrecision + " and algo " + algorithm);
        }
    }

    static boolean isFloatingPoint(int dataType) {
        return dataType == FLOAT || dataType == DOUBLE || dataType == HALF || dataType == BFLOAT16;
    }

    /** Refuses what the software device does not compute; a GPU may. */
    void requireComputable(String function) {
        if (cell != LSTM || bias != DOUBLE_BIAS || direction != 0 || inputMode != 0 || dataType != FLOAT || projectionSize != hiddenSize) {
            throw Fault.notSupported(function + ": the software device computes unidirectional LSTMs in CUDNN_DATA_FLOAT with"
                    + " CUDNN_RNN_DOUBLE_BIAS, CUDNN_LINEAR_INPUT and no projection; this descriptor is " + this);
        }
    }

    /** Returns the bytes of a hidden or cell state {@code [layers][batch][hiddenSize]}. */
    long stateBytes(int batch) {
        return (long) Float.BYTES * layers * batch * hiddenSize;
    }

    int inputSize(int layer) {
        return layer == 0 ? inputSize : hiddenSize;
    }
}
