package dev.gatun.host;

import java.util.Arrays;

/** What {@code cudnnSetRNNDataDescriptor} sets; lengths and fill are copied at the call. */
record RnnDataShape(int dataType, int layout, int maxLength, int batch, int vector, int[] lengths, boolean hasFill, long fillBits) {
    private static final int SEQ_MAJOR_UNPACKED = 0;
    private static final int SEQ_MAJOR_PACKED = 1;
    private static final int BATCH_MAJOR_UNPACKED = 2;
    private static final int FLOAT = 0;
    private static final int LARGEST_DATA_TYPE = 21;

    /** The longest sequence that cuDNN was seen to take. */
    private static final int LARGEST_LENGTH = 65535;

    /** What a descriptor says that was never set. */
    static final RnnDataShape UNSET = new RnnDataShape(0, 0, 0, 0, 0, new int[0], false, 0);

    /** Checks all but the lengths, as cuDNN was seen to check. */
    static void requireValid(int dataType, int layout, int maxLength, int batch, int vector) {
        String function = "cudnnSetRNNDataDescriptor: ";
        if (dataType < 0 || dataType > LARGEST_DATA_TYPE) {
            throw Fault.invalid(function + "unknown dataType " + dataType);
        }
        if (!RnnShape.isFloatingPoint(dataType)) {
            throw Fault.notSupported(function + "dataType " + dataType + "; RNNs take float, double, half and bfloat16");
        }
        if (layout < 0 || layout > BATCH_MAJOR_UNPACKED) {
            throw Fault.invalid(function + "unknown layout " + layout);
        }
        if (maxLength < 1 || batch < 1 || vector < 1) {
            throw Fault.invalid(function + "maxSeqLength " + maxLength + ", batchSize " + batch + ", vectorSize " + vector
                    + ": all must be at least 1");
        }
        if (maxLength > LARGEST_LENGTH) {
            throw Fault.notSupported(function + "maxSeqLength " + maxLength + "; at most " + LARGEST_LENGTH + " is supported");
        }
    }

    RnnDataShape {
        boolean packed = layout == SEQ_MAJOR_PACKED;
        int longest = 0;
        for (int i = 0; i < lengths.length; i++) {
            boolean sorted = i == 0 || lengths[i] <= lengths[i - 1];
            if (lengths[i] < 0 || lengths[i] > maxLength || packed && (lengths[i] == 0 || !sorted)) {
                throw Fault.invalid("cudnnSetRNNDataDescriptor: seqLengthArray[" + i + "] is " + lengths[i] + "; expected 0 to " + maxLength
                        + (packed ? ", for this layout at least 1 and none longer than the one before" : ""));
            }
            longest = Math.max(longest, lengths[i]);
        }
        if (packed && longest != maxLength) {
            throw Fault.invalid("cudnnSetRNNDataDescriptor: maxSeqLength is " + maxLength + " but the longest sequence has " + longest);
        }
    }

    static int elementBytes(int dataType) {
        return switch (dataType) {
            case FLOAT -> 4;
            case RnnShape.DOUBLE -> 8;
            default -> 2;
        };
    }

    /** Returns the bytes of a tensor {@code [maxLength][batch][vector]}. */
    long bytes() {
        return (long) elementBytes(dataType) * maxLength * batch * vector;
    }

    /** Returns whether some sequence is shorter than the longest allowed. */
    boolean padded() {
        for (int length : lengths) {
            if (length < maxLength) {
                return true;
            }
        }
        return false;
    }

    boolean sameSequences(RnnDataShape other) {
        return maxLength == other.maxLength && batch == other.batch && layout == other.layout && dataType == other.dataType
                && Arrays.equals(lengths, other.lengths);
    }

    /** Refuses what the software device does not compute; a GPU may. */
    void requireComputable(String function) {
        if (dataType == RnnShape.DOUBLE || layout != SEQ_MAJOR_UNPACKED) {
            throw Fault.notSupported(function + ": the software device computes single precision, half and bfloat16 in the layout"
                    + " CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED; the data has type " + dataType + ", layout " + layout);
        }
        for (int length : lengths) {
            if (length < 1) {
                throw Fault.notSupported(function + ": a sequence has length " + length + "; cuDNN fails on empty sequences");
            }
        }
    }
}
