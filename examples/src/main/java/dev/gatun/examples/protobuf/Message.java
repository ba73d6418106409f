package dev.gatun.examples.protobuf;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A protocol buffers message under construction, field by field, in the order of the calls. */
public final class Message {
    private static final int BLOCK = 128;

    private ByteString bytes = ByteString.EMPTY;

    /** Writes a piece of a message. */
    private interface Writer {
        void write(CodedOutputStream out) throws IOException;
    }

    private Message add(Writer writer) {
        ByteString.Output output = ByteString.newOutput(BLOCK);
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(output, BLOCK);
            writer.write(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        bytes = bytes.concat(output.toByteString());
        return this;
    }

    /** Adds an int32, int64 or enum. */
    public Message number(int field, long value) {
        return add(out -> out.writeInt64(field, value));
    }

    /** Adds a float. */
    public Message real32(int field, float value) {
        return add(out -> out.writeFloat(field, value));
    }

    /** Adds a double. */
    public Message real64(int field, double value) {
        return add(out -> out.writeDouble(field, value));
    }

    /** Adds a string. */
    public Message text(int field, String value) {
        return add(out -> out.writeString(field, value));
    }

    /** Adds a message. */
    public Message message(int field, Message value) {
        return data(field, value.bytes);
    }

    /** Adds bytes, without copying them. */
    public Message data(int field, ByteString value) {
        final int lengthDelimited = 2;
        add(out -> {
            out.writeTag(field, lengthDelimited);
            out.writeUInt32NoTag(value.size());
        });
        bytes = bytes.concat(value);
        return this;
    }

    /** Returns the message so far, encoded. */
    public ByteString bytes() {
        return bytes;
    }
}
