package dev.gatun.cudnn;

import dev.gatun.cuda.DataType;
import dev.gatun.generated.cudnn.Cudnn;

/** cuDNN's numbers of the data types. */
final class DataTypes {
    private DataTypes() {}

    static int value(DataType type) {
        return switch (type) {
            case FLOAT -> Cudnn.CUDNN_DATA_FLOAT();
            case HALF -> Cudnn.CUDNN_DATA_HALF();
            case BFLOAT16 -> Cudnn.CUDNN_DATA_BFLOAT16();
        };
    }
}
