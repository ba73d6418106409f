package dev.gatun.host;

import dev.gatun.host.compute.SixteenBit;

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
        if (algorithm != STANDARD) {
            throw Fault.notSupported(function + ": algo " + algorithm + " of the RNN descriptor works on some GPUs and sizes only; use"
                    + " CUDNN_RNN_ALGO_STANDARD");
        }
        if (cell != LSTM && cell != GRU || bias != DOUBLE_BIAS || direction != 0 || inputMode != 0 || dataType == DOUBLE
                || mathPrecision != FLOAT) {
            throw Fault.notSupported(function + ": the software device computes unidirectional LSTMs and GRUs in CUDNN_DATA_FLOAT, on data"
                    + " of 32 or 16 bits, with CUDNN_RNN_DOUBLE_BIAS and CUDNN_LINEAR_INPUT; this descriptor is " + this);
        }
    }

    boolean gru() {
        return cell == GRU;
    }

    /** Returns the gates of an LSTM or a GRU: ids below act on the input, as many above on the state. */
    int gates() {
        return gru() ? 3 : 4;
    }

    /** Returns whether an LSTM's hidden state is mapped to a smaller one, with the matrix whose id is that behind the gates'. */
    boolean projects() {
        return projectionSize < hiddenSize;
    }

    /** Returns the width of the hidden state and the output, which cuDNN has as the projection size even without a projection. */
    int outputSize() {
        return projectionSize;
    }

    /** Returns the bytes of a hidden state {@code [layers][batch][outputSize]}. */
    long stateBytes(int batch) {
        return (long) elementBytes() * layers * batch * outputSize();
    }

    /** Returns the bytes of an LSTM's cell state {@code [layers][batch][hiddenSize]}. */
    long cellBytes(int batch) {
        return (long) elementBytes() * layers * batch * hiddenSize;
    }

    int elementBytes() {
        return RnnDataShape.elementBytes(dataType);
    }

    /** Returns the type of data and weights, or null where that is single precision. */
    SixteenBit sixteenBit() {
        return dataType == HALF ? SixteenBit.HALF : dataType == BFLOAT16 ? SixteenBit.BFLOAT16 : null;
    }

    int inputSize(int layer) {
        return layer == 0 ? inputSize : outputSize();
    }

    /** Returns the rows of the matrix with this id. */
    int rows(int id) {
        return id < 2 * gates() ? hiddenSize : outputSize();
    }

    /** Returns the columns of the matrix with this id. */
    int columns(int layer, int id) {
        return id < gates() ? inputSize(layer) : id < 2 * gates() ? outputSize() : hiddenSize;
    }
}
