package dev.gatun.host;

import dev.gatun.host.compute.Gru;
import dev.gatun.host.compute.Lstm;
import dev.gatun.host.compute.SixteenBit;

/**
 * Does the work of the RNN calls whose shapes and sizes were checked: translates addresses, keeps the reserve's head and the
 * dropout state, fills padding. A recorded call runs here at each launch of its graph; {@code checkOnly} stops it before the work.
 */
final class RnnExecution {
    private final Host host;

    /** The dropout of the call under way, for one is made at a time. */
    private final Lstm.Dropout dropout = new Lstm.Dropout();

    RnnExecution(Host host) {
        this.host = host;
    }

    void forward(boolean checkOnly, LstmRun run, RnnDataShape yData, DropoutShape dropout, boolean training, long x,
            long y, long hx, long hy, long cx, long cy, long weightBytes, long weights, long workspaceBytes, long workspace,
            long reserveBytes, long reserve) {
        String function = "cudnnRNNForward";
        RnnShape rnn = run.rnn();
        RnnDataShape xData = run.data();
        long stateBytes = rnn.stateBytes(xData.batch());
        long cellBytes = rnn.cellBytes(xData.batch());
        long realX = host.memory.real(x, xData.bytes(), function, "x");
        long realY = host.memory.real(y, yData.bytes(), function, "y");
        long realHx = optional(hx, stateBytes, function, "hx");
        long realHy = optional(hy, stateBytes, function, "hy");
        long realCx = cell(rnn, cx, cellBytes, function, "cx");
        long realCy = cell(rnn, cy, cellBytes, function, "cy");
        long realWeights = host.memory.input(weights, weightBytes, function, "weightSpace");
        long realWorkspace = host.memory.real(workspace, workspaceBytes, function, "workSpace");
        long realReserve = training ? host.memory.real(reserve, reserveBytes, function, "reserveSpace") : 0;
        if (checkOnly) {
            return;
        }
        synchronized (host.engine) {
            Lstm.Dropout mask = null;
            if (training) {
                mask = nextMask(realReserve, rnn, xData, dropout);
                if (host.checked) {
                    Reserve.rememberInputs(realReserve, realX, xData.bytes(), realHx, stateBytes, realCx, cellBytes, realWeights,
                            weightBytes);
                }
            }
            long dense = run.weights().dense(realWeights, realWorkspace + run.scratch());
            requireWritten(run.weights(), dense, function, "weightSpace", "ask cudnnGetRNNWeightParams where each matrix and bias lies");
            long tape = training ? realReserve + Reserve.BYTES : 0;
            if (run.sixteenBit() != null) {
                run.sixteenBit().forward(training, realX, realY, realHx, realCx, realHy, realCy, dense, realWorkspace, tape, mask);
            } else if (rnn.gru()) {
                Gru.forward(run.shape(), training, realX, realY, realHx, realHy, dense, realWorkspace, tape, mask);
            } else {
                Lstm.forward(run.shape(), training, realX, realY, realHx, realCx, realHy, realCy, dense, realWorkspace, tape, mask);
            }
            fillPadding(yData, realY);
            if (training) {
                if (host.checked) {
                    Reserve.rememberOutput(realReserve, realY, yData.bytes());
                }
                Reserve.forwardDone(realReserve);
            }
        }
    }

    void backwardData(boolean checkOnly, LstmRun run, RnnDataShape yData, DropoutShape dropout, long y, long dy,
            long dx, long hx, long dhy, long dhx, long cx, long dcy, long dcx, long weightBytes, long weights, long workspaceBytes,
            long workspace, long reserveBytes, long reserve) {
        String function = "cudnnRNNBackwardData_v8";
        RnnShape rnn = run.rnn();
        RnnDataShape xData = run.data();
        long stateBytes = rnn.stateBytes(xData.batch());
        long cellBytes = rnn.cellBytes(xData.batch());
        long realY = host.memory.real(y, yData.bytes(), function, "y");
        long realDy = host.memory.real(dy, yData.bytes(), function, "dy");
        long realDx = host.memory.real(dx, xData.bytes(), function, "dx");
        long realHx = optional(hx, stateBytes, function, "hx");
        long realDhy = optional(dhy, stateBytes, function, "dhy");
        long realDhx = optional(dhx, stateBytes, function, "dhx");
        long realCx = cell(rnn, cx, cellBytes, function, "cx");
        long realDcy = cell(rnn, dcy, cellBytes, function, "dcy");
        long realDcx = cell(rnn, dcx, cellBytes, function, "dcx");
        long realWeights = host.memory.input(weights, weightBytes, function, "weightSpace");
        long realWorkspace = host.memory.real(workspace, workspaceBytes, function, "workSpace");
        long realReserve = host.memory.real(reserve, reserveBytes, function, "reserveSpace");
        if (checkOnly) {
            return;
        }
        synchronized (host.engine) {
            Reserve.requireForwardDone(realReserve, rnn, xData, function);
            if (host.checked) {
                Reserve.requireSameY(realReserve, realY, yData.bytes(), function);
                Reserve.requireSameHx(realReserve, realHx, stateBytes, function);
                Reserve.requireSameCx(realReserve, realCx, cellBytes, function);
                Reserve.requireSameWeights(realReserve, realWeights, weightBytes, function);
            }
            Lstm.Dropout mask = active(rnn, dropout)
                    ? this.dropout.set(dropout.probability(), Reserve.seed(realReserve), Reserve.counter(realReserve)) : null;
            long dense = run.weights().dense(realWeights, realWorkspace + run.scratch());
            long tape = realReserve + Reserve.BYTES;
            if (run.sixteenBit() != null) {
                run.sixteenBit().backwardData(realY, realDy, realDx, realHx, realCx, realDhy, realDcy, realDhx, realDcx, dense,
                        realWorkspace, tape, mask);
            } else if (rnn.gru()) {
                Gru.backwardData(run.shape(), realY, realDy, realDx, realHx, realDhy, realDhx, dense, realWorkspace, tape, mask);
            } else {
                Lstm.backwardData(run.shape(), realY, realDy, realDx, realHx, realCx, realDhy, realDcy, realDhx, realDcx, dense,
                        realWorkspace, tape, mask);
            }
            Reserve.dataDone(realReserve);
        }
    }

    void backwardWeights(boolean checkOnly, LstmRun run, RnnDataShape yData, long x, long hx, long y,
            long weightBytes, long dweights, long workspaceBytes, long workspace, long reserveBytes, long reserve) {
        String function = "cudnnRNNBackwardWeights_v8";
        RnnShape rnn = run.rnn();
        RnnDataShape xData = run.data();
        long stateBytes = rnn.stateBytes(xData.batch());
        long realX = host.memory.real(x, xData.bytes(), function, "x");
        long realY = host.memory.real(y, yData.bytes(), function, "y");
        long realHx = optional(hx, stateBytes, function, "hx");
        long realDweights = host.memory.real(dweights, weightBytes, function, "dweightSpace");
        long realWorkspace = host.memory.real(workspace, workspaceBytes, function, "workSpace");
        long realReserve = host.memory.real(reserve, reserveBytes, function, "reserveSpace");
        if (checkOnly) {
            return;
        }
        synchronized (host.engine) {
            Reserve.requireDataDone(realReserve, rnn, xData, function);
            if (host.checked) {
                Reserve.requireSameX(realReserve, realX, xData.bytes(), function);
                Reserve.requireSameY(realReserve, realY, yData.bytes(), function);
                Reserve.requireSameHx(realReserve, realHx, stateBytes, function);
            }
            requireWritten(run.weights(), run.weights().dense(realDweights, realWorkspace + run.scratch()), function, "dweightSpace",
                    "gradients are added to it: clear it first");
            long dense = run.weights().denseGradient(realDweights, realWorkspace + run.scratch());
            long tape = realReserve + Reserve.BYTES;
            if (run.sixteenBit() != null) {
                run.sixteenBit().backwardWeights(realX, realHx, realY, dense, realWorkspace, tape);
            } else if (rnn.gru()) {
                Gru.backwardWeights(run.shape(), realX, realHx, realY, dense, realWorkspace, tape);
            } else {
                Lstm.backwardWeights(run.shape(), realX, realHx, realY, dense, realWorkspace, tape);
            }
            run.weights().addGradient(realDweights, dense);
        }
    }

    /** Begins the reserve's head and advances the dropout state, which lives in the caller's device memory. */
    private Lstm.Dropout nextMask(long reserve, RnnShape rnn, RnnDataShape data, DropoutShape dropout) {
        if (!active(rnn, dropout)) {
            Reserve.forwardBegins(reserve, rnn, data, 0, 0);
            return null;
        }
        long state = host.memory.real(dropout.states(), DropoutShape.STATE_BYTES, "cudnnRNNForward", "the dropout descriptor's states");
        long seed = Native.getLong(state + DropoutShape.SEED);
        long counter = Native.getLong(state + DropoutShape.COUNTER);
        Native.putLong(state + DropoutShape.COUNTER, counter + 1);
        Reserve.forwardBegins(reserve, rnn, data, seed, counter);
        return this.dropout.set(dropout.probability(), seed, counter);
    }

    /** Dropout acts between layers, so that a single layer has none. */
    private static boolean active(RnnShape rnn, DropoutShape dropout) {
        return dropout != null && dropout.probability() > 0 && rnn.layers() > 1;
    }

    /** Refuses dense weights or gradients among which is an element that still has the pattern of fresh memory. */
    private void requireWritten(WeightLayout layout, long dense, String function, String argument, String advice) {
        if (!host.checked) {
            return;
        }
        int bytes = (int) (layout.denseBytes() / layout.denseCount());
        for (long i = 0; i < layout.denseBytes(); i += bytes) {
            if (Native.getBits(dense + i, bytes) == DeviceMemory.UNWRITTEN) {
                throw Fault.invalid(function + ": " + argument + " holds values that nothing has written since cudaMalloc; " + advice);
            }
        }
    }

    /** Fills y behind each sequence's end; without a fill value its contents are undefined, which checked mode shows as NaN. */
    private void fillPadding(RnnDataShape data, long y) {
        if (!data.hasFill() && !host.checked) {
            return;
        }
        int bytes = RnnDataShape.elementBytes(data.dataType());
        int nan = bytes == Float.BYTES ? Float.floatToRawIntBits(Float.NaN) : SixteenBit.NAN;
        long fill = data.hasFill() ? data.fillBits() : nan;
        for (int n = 0; n < data.batch(); n++) {
            for (int t = data.lengths()[n]; t < data.maxLength(); t++) {
                long row = y + bytes * ((long) t * data.batch() + n) * data.vector();
                for (int i = 0; i < data.vector(); i++) {
                    Native.putBits(row + bytes * i, bytes, fill);
                }
            }
        }
    }

    /** Returns the address of a cell state, which cuDNN documents for LSTMs only: with a GRU it is not looked at. */
    private long cell(RnnShape rnn, long address, long bytes, String function, String argument) {
        return rnn.gru() ? 0 : optional(address, bytes, function, argument);
    }

    private long optional(long address, long bytes, String function, String argument) {
        return address == 0 ? 0 : host.memory.real(address, bytes, function, argument);
    }
}
