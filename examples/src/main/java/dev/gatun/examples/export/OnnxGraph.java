package dev.gatun.examples.export;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.gatun.examples.protobuf.Message;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** An ONNX graph under construction. Field numbers and codes are those of {@code onnx.proto3}. */
final class OnnxGraph {
    /** Element types of tensors, {@code TensorProto.DataType}. */
    static final int FLOAT = 1;
    static final int INT64 = 7;

    private static final int ATTRIBUTE_INT = 2; // AttributeProto.AttributeType.INT
    private static final int ATTRIBUTE_INTS = 7;

    private static final int IR_VERSION = 8; // what opset 17 came with
    private static final int OPSET = 17;

    private final Message graph = new Message();

    OnnxGraph(String name) {
        graph.text(2, name);
    }

    /** An integer attribute of a node. */
    static Message attribute(String name, long value) {
        return new Message().text(1, name).number(3, value).number(20, ATTRIBUTE_INT);
    }

    /** An attribute of several integers. */
    static Message attribute(String name, long... values) {
        Message attribute = new Message().text(1, name);
        for (long value : values) {
            attribute.number(8, value);
        }
        return attribute.number(20, ATTRIBUTE_INTS);
    }

    /** Adds a node; nodes follow those whose outputs they take. An empty input name stands for one that is left out. */
    void node(String operator, List<String> inputs, List<String> outputs, Message... attributes) {
        Message node = new Message();
        inputs.forEach(input -> node.text(1, input));
        outputs.forEach(output -> node.text(2, output));
        node.text(3, outputs.get(0)).text(4, operator);
        for (Message attribute : attributes) {
            node.message(5, attribute);
        }
        graph.message(1, node);
    }

    /** Adds a float32 constant; {@code values} must stay as they are until the model's bytes are written. */
    void constant(String name, MemorySegment values, long... shape) {
        constant(name, FLOAT, UnsafeByteOperations.unsafeWrap(values.asByteBuffer()), shape);
    }

    /** Adds an int64 constant of one dimension. */
    void constant(String name, long... values) {
        ByteBuffer data = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asLongBuffer().put(values);
        constant(name, INT64, ByteString.copyFrom(data), values.length);
    }

    private void constant(String name, int type, ByteString data, long... shape) {
        Message tensor = new Message();
        for (long size : shape) {
            tensor.number(1, size);
        }
        graph.message(5, tensor.number(2, type).text(8, name).data(9, data));
    }

    /** Adds an input; a dimension is a number or a name. */
    void input(String name, int type, Object... shape) {
        graph.message(11, value(name, type, shape));
    }

    /** Adds an output; a dimension is a number or a name. */
    void output(String name, int type, Object... shape) {
        graph.message(12, value(name, type, shape));
    }

    private static Message value(String name, int type, Object... shape) {
        Message dimensions = new Message();
        for (Object size : shape) {
            dimensions.message(1, size instanceof String symbol ? new Message().text(2, symbol)
                    : new Message().number(1, ((Number) size).longValue()));
        }
        Message tensor = new Message().number(1, type).message(2, dimensions);
        return new Message().text(1, name).message(2, new Message().message(1, tensor));
    }

    /** Returns the model of this graph, a {@code ModelProto}. */
    ByteString model(String producerVersion) {
        return new Message().number(1, IR_VERSION).text(2, "gatun").text(3, producerVersion).message(7, graph)
                .message(8, new Message().text(1, "").number(2, OPSET)).bytes();
    }
}
