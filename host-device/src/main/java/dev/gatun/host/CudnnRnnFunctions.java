package dev.gatun.host;

/**
 * cuDNN's recurrent networks: sizes, the layout of the weights, and the three calls of training. Computed are unidirectional
 * LSTMs in single precision over sequence-major data; all else is refused with CUDNN_STATUS_NOT_SUPPORTED.
 */
final class CudnnRnnFunctions extends CudnnPart {
    private static final int INFERENCE = 0;
    private static final int TRAINING = 1;
    private static final int GRADIENT_ADD = 0;
    private static final int GRADIENT_SET = 1;
    private static final int LARGEST_LINEAR_LAYER = 8;

    private final RnnExecution execution;

    CudnnRnnFunctions(Host host, CudnnObjects cudnn) {
        super(host, cudnn);
        execution = new RnnExecution(host);
    }

    int cudnnGetRNNWeightSpaceSize(long handle, long rnnDesc, long size) {
        String function = "cudnnGetRNNWeightSpaceSize";
        use(cudnn.handles, handle, function);
        RnnShape rnn = computable(rnnDesc, function);
        Native.putLong(Native.required(size, function, "weightSpaceSize"), new WeightLayout(rnn, host.scattered).bytes());
        return 0;
    }

    int cudnnGetRNNWeightParams(long handle, long rnnDesc, int pseudoLayer, long weightSpaceSize, long weightSpace, int linearLayer,
            long mDesc, long mAddress, long bDesc, long bAddress) {
        String function = "cudnnGetRNNWeightParams";
        use(cudnn.handles, handle, function);
        RnnShape rnn = computable(rnnDesc, function);
        if (pseudoLayer < 0 || pseudoLayer >= rnn.layers() || linearLayer < 0 || linearLayer > LARGEST_LINEAR_LAYER) {
            throw Fault.invalid(function + ": pseudoLayer " + pseudoLayer + ", linLayerID " + linearLayer + "; expected 0 to "
                    + (rnn.layers() - 1) + " and 0 to " + LARGEST_LINEAR_LAYER);
        }
        WeightLayout layout = new WeightLayout(rnn, host.scattered);
        requireBytes(weightSpaceSize, layout.bytes(), weightSpace, function, "weightSpace");
        // Id 8 is the projection, which these networks do not have.
        boolean present = linearLayer < LARGEST_LINEAR_LAYER;
        int hidden = rnn.hiddenSize();
        int width = linearLayer < 4 ? rnn.inputSize(pseudoLayer) : hidden;
        if (mAddress != 0) {
            Descriptor<TensorShape> matrix = cudnn.tensors.get(mDesc, function, "mDesc");
            matrix.set(present ? TensorShape.packed(1, hidden, width) : TensorShape.ABSENT);
            Native.putLong(mAddress, present ? weightSpace + layout.matrixOffset(pseudoLayer, linearLayer) : 0);
        }
        if (bAddress != 0) {
            Descriptor<TensorShape> bias = cudnn.tensors.get(bDesc, function, "bDesc");
            bias.set(present ? TensorShape.packed(1, hidden, 1) : TensorShape.ABSENT);
            Native.putLong(bAddress, present ? weightSpace + layout.biasOffset(pseudoLayer, linearLayer) : 0);
        }
        return 0;
    }

    int cudnnGetRNNTempSpaceSizes(long handle, long rnnDesc, int mode, long xDesc, long workspaceSize, long reserveSize) {
        String function = "cudnnGetRNNTempSpaceSizes";
        use(cudnn.handles, handle, function);
        RnnShape rnn = computable(rnnDesc, function);
        RnnDataDescriptor xData = cudnn.rnnData.get(xDesc, function, "xDesc");
        requireMode(mode, function);
        requireData(rnn, xData.required(function, "xDesc"), rnn.inputSize(), function, "xDesc");
        LstmRun run = xData.lstm(rnn, host.scattered);
        Native.putLong(Native.required(workspaceSize, function, "workSpaceSize"), run.workspace(mode == TRAINING));
        Native.putLongIfWanted(reserveSize, mode == TRAINING ? run.reserve() : 0);
        return 0;
    }

    int cudnnRNNForward(long handle, long rnnDesc, int mode, long devSeqLengths, long xDesc, long x, long yDesc, long y, long hDesc,
            long hx, long hy, long cDesc, long cx, long cy, long weightSpaceSize, long weightSpace, long workSpaceSize, long workSpace,
            long reserveSpaceSize, long reserveSpace) {
        String function = "cudnnRNNForward";
        LibraryHandle dnn = use(cudnn.handles, handle, function);
        RnnShape rnn = computable(rnnDesc, function);
        boolean training = requireMode(mode, function) == TRAINING;
        LstmRun run = requireSequences(rnn, devSeqLengths, xDesc, yDesc, function);
        RnnDataShape xData = run.data();
        RnnDataShape yData = cudnn.rnnData.find(yDesc).value();
        requireState(hDesc, rnn, xData, hx | hy, function, "hDesc");
        requireState(cDesc, rnn, xData, cx | cy, function, "cDesc");
        requirePointer(x, function, "x");
        requirePointer(y, function, "y");
        requireBytes(weightSpaceSize, run.weights().bytes(), weightSpace, function, "weightSpace");
        requireBytes(workSpaceSize, run.workspace(training), workSpace, function, "workSpace");
        if (training) {
            requireBytes(reserveSpaceSize, run.reserve(), reserveSpace, function, "reserveSpace");
        }
        DropoutShape dropout = dropout(rnn, function);
        HostStream queue = host.queue(dnn.stream, function);
        if (queue.recording()) {
            queue.record(() -> execution.forward(run, yData, dropout, training, x, y, hx, hy, cx, cy, weightSpaceSize,
                    weightSpace, workSpaceSize, workSpace, reserveSpaceSize, reserveSpace));
        } else {
            execution.forward(run, yData, dropout, training, x, y, hx, hy, cx, cy, weightSpaceSize, weightSpace,
                    workSpaceSize, workSpace, reserveSpaceSize, reserveSpace);
        }
        return 0;
    }

    int cudnnRNNBackwardData_v8(long handle, long rnnDesc, long devSeqLengths, long yDesc, long y, long dy, long xDesc, long dx,
            long hDesc, long hx, long dhy, long dhx, long cDesc, long cx, long dcy, long dcx, long weightSpaceSize, long weightSpace,
            long workSpaceSize, long workSpace, long reserveSpaceSize, long reserveSpace) {
        String function = "cudnnRNNBackwardData_v8";
        LibraryHandle dnn = use(cudnn.handles, handle, function);
        RnnShape rnn = computable(rnnDesc, function);
        LstmRun run = requireSequences(rnn, devSeqLengths, xDesc, yDesc, function);
        RnnDataShape xData = run.data();
        RnnDataShape yData = cudnn.rnnData.find(yDesc).value();
        requireState(hDesc, rnn, xData, hx | dhy | dhx, function, "hDesc");
        requireState(cDesc, rnn, xData, cx | dcy | dcx, function, "cDesc");
        requirePointer(y, function, "y");
        requirePointer(dy, function, "dy");
        requirePointer(dx, function, "dx");
        requireBytes(weightSpaceSize, run.weights().bytes(), weightSpace, function, "weightSpace");
        requireBytes(workSpaceSize, run.trainingWorkspace(), workSpace, function, "workSpace");
        requireBytes(reserveSpaceSize, run.reserve(), reserveSpace, function, "reserveSpace");
        DropoutShape dropout = dropout(rnn, function);
        HostStream queue = host.queue(dnn.stream, function);
        if (queue.recording()) {
            queue.record(() -> execution.backwardData(run, yData, dropout, y, dy, dx, hx, dhy, dhx, cx, dcy, dcx,
                    weightSpaceSize, weightSpace, workSpaceSize, workSpace, reserveSpaceSize, reserveSpace));
        } else {
            execution.backwardData(run, yData, dropout, y, dy, dx, hx, dhy, dhx, cx, dcy, dcx, weightSpaceSize, weightSpace,
                    workSpaceSize, workSpace, reserveSpaceSize, reserveSpace);
        }
        return 0;
    }

    int cudnnRNNBackwardWeights_v8(long handle, long rnnDesc, int gradientMode, long devSeqLengths, long xDesc, long x, long hDesc,
            long hx, long yDesc, long y, long weightSpaceSize, long dweightSpace, long workSpaceSize, long workSpace,
            long reserveSpaceSize, long reserveSpace) {
        String function = "cudnnRNNBackwardWeights_v8";
        LibraryHandle dnn = use(cudnn.handles, handle, function);
        RnnShape rnn = computable(rnnDesc, function);
        if (gradientMode == GRADIENT_SET) {
            throw Fault.notSupported(function + ": addGrad must be CUDNN_WGRAD_MODE_ADD; clear dweightSpace to begin anew");
        }
        if (gradientMode != GRADIENT_ADD) {
            throw Fault.invalid(function + ": unknown addGrad " + gradientMode);
        }
        LstmRun run = requireSequences(rnn, devSeqLengths, xDesc, yDesc, function);
        RnnDataShape xData = run.data();
        RnnDataShape yData = cudnn.rnnData.find(yDesc).value();
        requireState(hDesc, rnn, xData, hx, function, "hDesc");
        requirePointer(x, function, "x");
        requirePointer(y, function, "y");
        requireBytes(weightSpaceSize, run.weights().bytes(), dweightSpace, function, "dweightSpace");
        requireBytes(workSpaceSize, run.trainingWorkspace(), workSpace, function, "workSpace");
        requireBytes(reserveSpaceSize, run.reserve(), reserveSpace, function, "reserveSpace");
        HostStream queue = host.queue(dnn.stream, function);
        if (queue.recording()) {
            queue.record(() -> execution.backwardWeights(run, yData, x, hx, y, weightSpaceSize, dweightSpace, workSpaceSize,
                    workSpace, reserveSpaceSize, reserveSpace));
        } else {
            execution.backwardWeights(run, yData, x, hx, y, weightSpaceSize, dweightSpace, workSpaceSize, workSpace,
                    reserveSpaceSize, reserveSpace);
        }
        return 0;
    }

    private RnnShape computable(long rnnDesc, String function) {
        RnnDescriptor descriptor = cudnn.rnns.get(rnnDesc, function, "rnnDesc");
        RnnShape rnn = descriptor.required(function, "rnnDesc");
        rnn.requireComputable(function);
        if (descriptor.clipMode != 0) {
            throw Fault.notSupported(function + ": the software device does not clip the cell state");
        }
        return rnn;
    }

    private DropoutShape dropout(RnnShape rnn, String function) {
        return rnn.dropout() == 0 ? null : cudnn.dropouts.get(rnn.dropout(), function, "the RNN descriptor's dropoutDesc").value();
    }

    private static int requireMode(int mode, String function) {
        if (mode != INFERENCE && mode != TRAINING) {
            throw Fault.invalid(function + ": unknown fwdMode " + mode);
        }
        return mode;
    }

    private LstmRun requireSequences(RnnShape rnn, long devSeqLengths, long xDesc, long yDesc, String function) {
        if (devSeqLengths != 0 && host.checked) {
            throw Fault.invalid(function + ": devSeqLengths must be NULL from cuDNN 8.9.1 on; the lengths are those of the descriptors");
        }
        RnnDataDescriptor xData = cudnn.rnnData.get(xDesc, function, "xDesc");
        RnnDataDescriptor yData = cudnn.rnnData.get(yDesc, function, "yDesc");
        requireData(rnn, xData.required(function, "xDesc"), rnn.inputSize(), function, "xDesc");
        requireData(rnn, yData.required(function, "yDesc"), rnn.hiddenSize(), function, "yDesc");
        if (!xData.value().sameSequences(yData.value())) {
            throw Fault.invalid(function + ": xDesc and yDesc must have the same type, layout, maxSeqLength, batchSize and lengths");
        }
        return xData.lstm(rnn, host.scattered);
    }

    private static void requireData(RnnShape rnn, RnnDataShape data, int width, String function, String argument) {
        if (data.vector() != width) {
            throw Fault.invalid(function + ": " + argument + " has vectorSize " + data.vector() + "; expected " + width);
        }
        data.requireComputable(function);
        if ((rnn.flags() & RnnShape.PADDED_IO) == 0) {
            throw Fault.invalid(function + ": an unpacked layout needs CUDNN_RNN_PADDED_IO_ENABLED in the RNN descriptor's auxFlags");
        }
    }

    private void requireState(long descriptor, RnnShape rnn, RnnDataShape data, long buffers, String function, String argument) {
        if (descriptor == 0 && buffers == 0) {
            return;
        }
        TensorShape shape = cudnn.tensors.get(descriptor, function, argument).required(function, argument);
        if (!shape.isPacked(rnn.layers(), data.batch(), rnn.hiddenSize())) {
            throw Fault.invalid(function + ": " + argument + " is " + shape + "; expected a packed float tensor {" + rnn.layers() + ", "
                    + data.batch() + ", " + rnn.hiddenSize() + "}");
        }
    }

    private static void requireBytes(long bytes, long needed, long pointer, String function, String argument) {
        if (bytes < needed) {
            throw Fault.invalid(function + ": " + argument + " has " + bytes + " bytes; this shape needs " + needed
                    + " (sizes must be queried again when steps, batch, lengths or mode change)");
        }
        if (needed > 0) {
            requirePointer(pointer, function, argument);
        }
    }

    private static void requirePointer(long pointer, String function, String argument) {
        if (pointer == 0) {
            throw Fault.invalid(function + ": " + argument + " is NULL");
        }
    }
}
