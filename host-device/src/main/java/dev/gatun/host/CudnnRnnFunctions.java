package dev.gatun.host;

/**
 * cuDNN's recurrent networks: sizes, the layout of the weights, and the three calls of training. Computed are unidirectional
 * LSTMs and GRUs in single precision over sequence-major data of 32 or 16 bits; all else is refused with
 * CUDNN_STATUS_NOT_SUPPORTED.
 */
final class CudnnRnnFunctions extends CudnnPart {
    private static final int INFERENCE = 0;
    private static final int TRAINING = 1;
    private static final int GRADIENT_ADD = 0;
    private static final int GRADIENT_SET = 1;

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
        // As observed of cuDNN: one id behind the gates is taken, which is an LSTM's projection, and of a GRU nothing.
        int largestId = 2 * rnn.gates();
        if (pseudoLayer < 0 || pseudoLayer >= rnn.layers() || linearLayer < 0 || linearLayer > largestId) {
            throw Fault.invalid(function + ": pseudoLayer " + pseudoLayer + ", linLayerID " + linearLayer + "; expected 0 to "
                    + (rnn.layers() - 1) + " and 0 to " + largestId);
        }
        WeightLayout layout = new WeightLayout(rnn, host.scattered);
        requireBytes(weightSpaceSize, layout.bytes(), weightSpace, function, "weightSpace");
        if (mAddress != 0) {
            boolean present = layout.hasMatrix(linearLayer);
            Descriptor<TensorShape> matrix = cudnn.tensors.get(mDesc, function, "mDesc");
            matrix.set(present
                    ? TensorShape.packed(rnn.dataType(), 1, rnn.rows(linearLayer), rnn.columns(pseudoLayer, linearLayer))
                    : TensorShape.ABSENT);
            Native.putLong(mAddress, present ? weightSpace + layout.matrixOffset(pseudoLayer, linearLayer) : 0);
        }
        if (bAddress != 0) {
            boolean present = layout.hasBias(linearLayer);
            Descriptor<TensorShape> bias = cudnn.tensors.get(bDesc, function, "bDesc");
            bias.set(present ? TensorShape.packed(rnn.dataType(), 1, rnn.hiddenSize(), 1) : TensorShape.ABSENT);
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
        requireHidden(hDesc, rnn, xData, hx | hy, function);
        requireCell(cDesc, rnn, xData, cx | cy, function);
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
            queue.record(checkOnly -> execution.forward(checkOnly, run, yData, dropout, training, x, y, hx, hy, cx, cy, weightSpaceSize,
                    weightSpace, workSpaceSize, workSpace, reserveSpaceSize, reserveSpace));
        } else {
            execution.forward(false, run, yData, dropout, training, x, y, hx, hy, cx, cy, weightSpaceSize, weightSpace,
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
        requireHidden(hDesc, rnn, xData, hx | dhy | dhx, function);
        requireCell(cDesc, rnn, xData, cx | dcy | dcx, function);
        requirePointer(y, function, "y");
        requirePointer(dy, function, "dy");
        requirePointer(dx, function, "dx");
        requireBytes(weightSpaceSize, run.weights().bytes(), weightSpace, function, "weightSpace");
        requireBytes(workSpaceSize, run.trainingWorkspace(), workSpace, function, "workSpace");
        requireBytes(reserveSpaceSize, run.reserve(), reserveSpace, function, "reserveSpace");
        DropoutShape dropout = dropout(rnn, function);
        HostStream queue = host.queue(dnn.stream, function);
        if (queue.recording()) {
            queue.record(checkOnly -> execution.backwardData(checkOnly, run, yData, dropout, y, dy, dx, hx, dhy, dhx, cx, dcy, dcx,
                    weightSpaceSize, weightSpace, workSpaceSize, workSpace, reserveSpaceSize, reserveSpace));
        } else {
            execution.backwardData(false, run, yData, dropout, y, dy, dx, hx, dhy, dhx, cx, dcy, dcx, weightSpaceSize, weightSpace,
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
        requireHidden(hDesc, rnn, xData, hx, function);
        requirePointer(x, function, "x");
        requirePointer(y, function, "y");
        requireBytes(weightSpaceSize, run.weights().bytes(), dweightSpace, function, "dweightSpace");
        requireBytes(workSpaceSize, run.trainingWorkspace(), workSpace, function, "workSpace");
        requireBytes(reserveSpaceSize, run.reserve(), reserveSpace, function, "reserveSpace");
        HostStream queue = host.queue(dnn.stream, function);
        if (queue.recording()) {
            queue.record(checkOnly -> execution.backwardWeights(checkOnly, run, yData, x, hx, y, weightSpaceSize, dweightSpace,
                    workSpaceSize, workSpace, reserveSpaceSize, reserveSpace));
        } else {
            execution.backwardWeights(false, run, yData, x, hx, y, weightSpaceSize, dweightSpace, workSpaceSize, workSpace,
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
        requireData(rnn, yData.required(function, "yDesc"), rnn.outputSize(), function, "yDesc");
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
        if (data.dataType() != rnn.dataType()) {
            throw Fault.invalid(function + ": " + argument + " has dataType " + data.dataType() + "; expected " + rnn.dataType()
                    + ", the RNN descriptor's");
        }
        if ((rnn.flags() & RnnShape.PADDED_IO) == 0) {
            throw Fault.invalid(function + ": an unpacked layout needs CUDNN_RNN_PADDED_IO_ENABLED in the RNN descriptor's auxFlags");
        }
    }

    private void requireHidden(long descriptor, RnnShape rnn, RnnDataShape data, long buffers, String function) {
        requireState(descriptor, rnn, data, rnn.outputSize(), buffers, function, "hDesc");
    }

    /** Checks what is for LSTMs only; a GRU's calls read none of it. */
    private void requireCell(long descriptor, RnnShape rnn, RnnDataShape data, long buffers, String function) {
        if (!rnn.gru()) {
            requireState(descriptor, rnn, data, rnn.hiddenSize(), buffers, function, "cDesc");
        }
    }

    private void requireState(long descriptor, RnnShape rnn, RnnDataShape data, int width, long buffers, String function,
            String argument) {
        if (descriptor == 0 && buffers == 0) {
            return;
        }
        TensorShape shape = cudnn.tensors.get(descriptor, function, argument).required(function, argument);
        if (!shape.isPacked(rnn.dataType(), rnn.layers(), data.batch(), width)) {
            throw Fault.invalid(function + ": " + argument + " is " + shape + "; expected a packed tensor of type " + rnn.dataType()
                    + ", {" + rnn.layers() + ", " + data.batch() + ", " + width + "}");
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
