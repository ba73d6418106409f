package dev.gatun.host;

/** cuDNN's RNN and RNN data descriptors. */
final class CudnnRnnDescriptorFunctions extends CudnnPart {
    CudnnRnnDescriptorFunctions(Host host, CudnnObjects cudnn) {
        super(host, cudnn);
    }

    int cudnnCreateRNNDescriptor(long pointer) {
        return create(cudnn.rnns, new RnnDescriptor(), pointer, "cudnnCreateRNNDescriptor");
    }

    int cudnnDestroyRNNDescriptor(long rnn) {
        return destroy(cudnn.rnns, rnn, "cudnnDestroyRNNDescriptor");
    }

    int cudnnSetRNNDescriptor_v8(long rnn, int algorithm, int cell, int bias, int direction, int inputMode, int dataType,
            int mathPrecision, int mathType, int inputSize, int hiddenSize, int projectionSize, int layers, long dropout, int flags) {
        String function = "cudnnSetRNNDescriptor_v8";
        RnnDescriptor descriptor = cudnn.rnns.get(rnn, function, "rnnDesc");
        if (dropout != 0) {
            warnOfNoEffect(cudnn.dropouts.get(dropout, function, "dropoutDesc").value(), layers, function);
        }
        descriptor.set(new RnnShape(algorithm, cell, bias, direction, inputMode, dataType, mathPrecision, mathType, inputSize, hiddenSize,
                projectionSize, layers, dropout, flags));
        return 0;
    }

    private void warnOfNoEffect(DropoutShape dropout, int layers, String function) {
        if (host.checked && layers == 1 && dropout != null && dropout.probability() > 0) {
            LOG.log(System.Logger.Level.WARNING, function + ": dropoutDesc drops with probability " + dropout.probability()
                    + " but numLayers is 1; dropout acts between layers, so that there will be none");
        }
    }

    int cudnnGetRNNDescriptor_v8(long rnn, long algorithm, long cell, long bias, long direction, long inputMode, long dataType,
            long mathPrecision, long mathType, long inputSize, long hiddenSize, long projectionSize, long layers, long dropout,
            long flags) {
        RnnShape shape = cudnn.rnns.get(rnn, "cudnnGetRNNDescriptor_v8", "rnnDesc").value();
        if (shape == null) {
            throw new Fault(Fault.Kind.NOT_INITIALIZED, "cudnnGetRNNDescriptor_v8: rnnDesc was created but never set");
        }
        Native.putIntIfWanted(algorithm, shape.algorithm());
        Native.putIntIfWanted(cell, shape.cell());
        Native.putIntIfWanted(bias, shape.bias());
        Native.putIntIfWanted(direction, shape.direction());
        Native.putIntIfWanted(inputMode, shape.inputMode());
        Native.putIntIfWanted(dataType, shape.dataType());
        Native.putIntIfWanted(mathPrecision, shape.mathPrecision());
        Native.putIntIfWanted(mathType, shape.mathType());
        Native.putIntIfWanted(inputSize, shape.inputSize());
        Native.putIntIfWanted(hiddenSize, shape.hiddenSize());
        Native.putIntIfWanted(projectionSize, shape.projectionSize());
        Native.putIntIfWanted(layers, shape.layers());
        Native.putLongIfWanted(dropout, shape.dropout());
        Native.putIntIfWanted(flags, shape.flags());
        return 0;
    }

    int cudnnRNNSetClip_v8(long rnn, int mode, int nan, double left, double right) {
        return setClip("cudnnRNNSetClip_v8", rnn, mode, nan, left, right);
    }

    int cudnnRNNSetClip_v9(long rnn, int mode, double left, double right) {
        return setClip("cudnnRNNSetClip_v9", rnn, mode, 0, left, right);
    }

    /** As observed of cuDNN, only the range is checked. */
    private int setClip(String function, long rnn, int mode, int nan, double left, double right) {
        RnnDescriptor descriptor = cudnn.rnns.get(rnn, function, "rnnDesc");
        if (!(left <= right)) {
            throw Fault.invalid(function + ": lclip is " + left + " and rclip " + right + "; lclip must not be above rclip");
        }
        descriptor.clipMode = mode;
        descriptor.clipNan = nan;
        descriptor.clipLeft = left;
        descriptor.clipRight = right;
        return 0;
    }

    int cudnnRNNGetClip_v8(long rnn, long mode, long nan, long left, long right) {
        Native.putIntIfWanted(nan, cudnn.rnns.get(rnn, "cudnnRNNGetClip_v8", "rnnDesc").clipNan);
        return getClip("cudnnRNNGetClip_v8", rnn, mode, left, right);
    }

    int cudnnRNNGetClip_v9(long rnn, long mode, long left, long right) {
        return getClip("cudnnRNNGetClip_v9", rnn, mode, left, right);
    }

    private int getClip(String function, long rnn, long mode, long left, long right) {
        RnnDescriptor descriptor = cudnn.rnns.get(rnn, function, "rnnDesc");
        Native.putIntIfWanted(mode, descriptor.clipMode);
        if (left != 0) {
            Native.putDouble(left, descriptor.clipLeft);
        }
        if (right != 0) {
            Native.putDouble(right, descriptor.clipRight);
        }
        return 0;
    }

    int cudnnCreateRNNDataDescriptor(long pointer) {
        return create(cudnn.rnnData, new RnnDataDescriptor(), pointer, "cudnnCreateRNNDataDescriptor");
    }

    int cudnnDestroyRNNDataDescriptor(long data) {
        return destroy(cudnn.rnnData, data, "cudnnDestroyRNNDataDescriptor");
    }

    int cudnnSetRNNDataDescriptor(long data, int dataType, int layout, int maxLength, int batch, int vector, long lengths, long fill) {
        String function = "cudnnSetRNNDataDescriptor";
        RnnDataDescriptor descriptor = cudnn.rnnData.get(data, function, "rnnDataDesc");
        RnnDataShape.requireValid(dataType, layout, maxLength, batch, vector);
        descriptor.set(new RnnDataShape(dataType, layout, maxLength, batch, vector,
                Native.getInts(Native.required(lengths, function, "seqLengthArray"), batch), fill != 0,
                fill == 0 ? 0 : Native.getBits(Native.required(fill, function, "paddingFill"), RnnDataShape.elementBytes(dataType))));
        return 0;
    }

    int cudnnGetRNNDataDescriptor(long data, long dataType, long layout, long maxLength, long batch, long vector, int requested,
            long lengths, long fill) {
        String function = "cudnnGetRNNDataDescriptor";
        RnnDataShape shape = cudnn.rnnData.get(data, function, "rnnDataDesc").valueOr(RnnDataShape.UNSET);
        if (requested < 0) {
            throw Fault.invalid(function + ": arrayLengthRequested is " + requested);
        }
        Native.putIntIfWanted(dataType, shape.dataType());
        Native.putIntIfWanted(layout, shape.layout());
        Native.putIntIfWanted(maxLength, shape.maxLength());
        Native.putIntIfWanted(batch, shape.batch());
        Native.putIntIfWanted(vector, shape.vector());
        for (int i = 0; i < Math.min(requested, shape.batch()); i++) {
            Native.putInt(Native.required(lengths, function, "seqLengthArray") + Integer.BYTES * i, shape.lengths()[i]);
        }
        if (fill != 0) {
            Native.putBits(Native.required(fill, function, "paddingFill"), RnnDataShape.elementBytes(shape.dataType()), shape.fillBits());
        }
        return 0;
    }
}
